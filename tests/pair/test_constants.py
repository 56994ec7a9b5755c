import ast
import inspect
import pkgutil
import subprocess
import sys

import pytest

import imgmatch.pair
from imgmatch.pair import constants, decision
from imgmatch.pair.constants import MODULES, digest, verdict_constants

PLAIN_NUMBERS = {0, 1, 2, 3, 4, -1, 8, 9, 16, 32, 100, 255, 1e-6, 1e-9}
"""Numbers that need no name: counts, bits, and least divisors."""

PLAIN_NUMBERS_OF = {
    "imgmatch.transforms": {0.5},  # pixel centres
    "imgmatch.image.gate": {5},  # the first Exif orientation on its side
    "imgmatch.image.pixels": {17, 256},  # sixteen levels of 8 bits
    "imgmatch.hashing": {15, 31},  # bits; rank of the median of 64
    "imgmatch.features": {0.5},  # a square root; pixel centres
    "imgmatch.fingerprint": {0.5},  # a square root
    "imgmatch.pair.region": {0.5},  # pixel centres; half of a side
    "imgmatch.pair.overlays": {0.5},  # pixel centres
    "imgmatch.pair.direction.enlargement": {0.5},  # pixel centres
    "imgmatch.pair.direction.scene": {0.5},  # pixel centres
    "imgmatch.pair.shared_regions": {0.5},  # pixel centres
}
"""Numbers that need no name in one module."""

ROW_OF_PAIRS = {"transforms", "hashing", "features", "fingerprint", "pair"}


def in_the_package():
    """The modules of `imgmatch.pair`, without the one that collects their constants."""
    found = pkgutil.walk_packages(imgmatch.pair.__path__, "imgmatch.pair.")
    return {module.name for module in found if not module.ispkg} - {constants.__name__}


def test_verdict_constants_are_those_of_every_stage():
    assert in_the_package() <= {module.__name__ for module in MODULES}


def test_verdict_constants_are_those_of_all_that_a_comparison_imports():
    script = """
import sys
import imgmatch.pair.compare
from imgmatch.pair.constants import MODULES
known = {module.__name__ for module in MODULES}
for name, module in sorted(sys.modules.items()):
    constants = [key for key in vars(module) if key.isupper()]
    if name.startswith("imgmatch.") and constants and name not in known:
        print(name)
"""
    out = subprocess.check_output([sys.executable, "-c", script], text=True)
    on_the_way = {name for name in out.split() if name.split(".")[1] in ROW_OF_PAIRS}

    assert on_the_way <= {"imgmatch.pair.constants"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_verdict_constants_leave_out_no_bare_number(module):
    """A number that a verdict depends on has a name."""
    functions = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.FunctionDef)
    ]
    bare = {
        node.value
        for function in functions
        for part in (function.args, *function.body)
        for node in ast.walk(part)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }

    assert bare <= PLAIN_NUMBERS | PLAIN_NUMBERS_OF.get(module.__name__, set())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("imgmatch.pair.decision", "MAX_TILT"),
        ("imgmatch.pair.agreement", "MIN_AGREEING_CORRELATION"),
        ("imgmatch.pair.direction.scene", "MAX_END_CORRELATION"),
        ("imgmatch.pair.shared_regions", "MIN_REGION_WINDOWS"),
        ("imgmatch.pair.shared_regions", "MIN_REGION_SHARE"),
        ("imgmatch.features", "_THRESHOLD"),
    ],
)
def test_digest_changes_with_any_constant(module, name, monkeypatch):
    before = digest(verdict_constants())

    monkeypatch.setattr(f"{module}.{name}", 0.123)

    assert digest(verdict_constants()) != before


def test_verdict_constants_refuse_what_json_cannot_hold(monkeypatch):
    monkeypatch.setattr(decision, "BIAS", object())

    with pytest.raises(TypeError, match="want a constant that JSON can hold"):
        verdict_constants()


def test_verdict_constants_hold_numbers_and_the_digest_of_the_core():
    found = verdict_constants()

    assert found["imgmatch.pair.decision"]["WEIGHTS"] == decision.WEIGHTS
    assert len(found["imgmatch._pixels"]["SOURCE_DIGEST"]) == 64
    assert found["imgmatch._pixels"] != found["imgmatch._core"]
