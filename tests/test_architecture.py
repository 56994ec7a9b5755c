"""The house keeps its order: a module imports only from rows above its own."""

import ast
import re
from pathlib import Path

import pytest

import imgmatch

ROOT = Path(imgmatch.__file__).parent

ROWS = (
    *("errors", "types", "results", "threads", "workers"),
    *("_core", "_pixels", "transforms", "hamming"),
    *("image", "hashing", "features", "fingerprint", "matching", "geometry", "canvas"),
    *(
        "lettering",
        "photometry",
        "region",
        "overlay",
        "direction",
        "edits",
        "decision",
        "compare",
        "sources",
    ),
    *("index", "registry", "verify", "scan", "duplicates"),
    *("describe", "figure", "report", "evidence", "plot", "cli", "__main__"),
)


LATE = {
    "imgmatch.types": {"imgmatch.image", "imgmatch.plot", "imgmatch.report.card"},
}
"""The exceptions: a Comparison draws itself in notebooks. What draws it stands far
below, so these are imported when a method is called, or for type checkers alone;
importing the module imports none of them."""


def row(module):
    """The row of ``imgmatch.registry.store`` is that of ``registry``."""
    return ROWS.index(module.split(".")[1])


def imports(source):
    """The modules of the package that a source text imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "want absolute imports"
            if node.module == "imgmatch":
                yield from (f"imgmatch.{alias.name}" for alias in node.names)
            elif node.module.startswith("imgmatch."):
                yield node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("imgmatch."):
                    yield alias.name


def breaches(module, source):
    """The imports that a module of this name may not have."""
    for imported in imports(source):
        inside = imported.split(".")[1] == module.split(".")[1]
        inside |= imported in LATE.get(module, ())
        if not inside and row(imported) >= row(module):
            yield f"{module} imports {imported}"


def modules():
    for path in sorted(ROOT.rglob("*.py*")):
        if path.suffix in (".py", ".pyx") and path != ROOT / "__init__.py":
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(("imgmatch", *parts)), path


@pytest.mark.parametrize(("module", "path"), list(modules()))
def test_modules_import_only_from_rows_above(module, path):
    if path.suffix == ".py":
        assert list(breaches(module, path.read_text(encoding="utf-8"))) == []
    assert row(module) >= 0


@pytest.mark.parametrize("module", LATE)
def test_a_late_import_is_late(module):
    """It is in a function, or behind a condition that does not hold here."""
    path = ROOT / f"{module.split('.')[1]}.py"
    at_once = ast.parse(path.read_text(encoding="utf-8"))
    at_once.body = [
        node for node in at_once.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    everywhere = set(imports(path.read_text(encoding="utf-8")))

    assert LATE[module] <= everywhere  # an exception that nothing needs is none
    assert not LATE[module] & set(imports(ast.unparse(at_once)))
    conditions = re.findall(r"^if .*:$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert conditions == ["if TYPE_CHECKING:"]


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("imgmatch.registry.store", "from imgmatch.index import X", False),
        ("imgmatch.registry.store", "from imgmatch.registry.lock import X", False),
        ("imgmatch.registry.store", "from imgmatch.verify import X", True),
        ("imgmatch.image", "from imgmatch import cli", True),
        ("imgmatch.image", "def f():\n    import imgmatch.compare", True),
        ("imgmatch.image", "import numpy", False),
    ],
)
def test_a_breach_is_seen(module, source, wrong):
    assert bool(list(breaches(module, source))) is wrong
