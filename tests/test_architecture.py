"""The house keeps its order: a module imports only from what stands before it."""

import ast
import importlib
import pkgutil
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from places import ROOT

import imgmatch.pair
from imgmatch.pair import constants

SOURCES = ROOT / "src/imgmatch"

ROWS = (
    *(
        "_version",
        "errors",
        "types",
        "files",
        "parallel",
        "_core",
        "_pixels",
        "transforms",
    ),
    *("image", "hashing", "features", "fingerprint", "hamming"),
    *("results", "pair", "sources", "index", "registry"),
    *("verification", "scans", "groups"),
    *("show", "report", "evidence", "cli", "__main__"),
)


def row(module):
    """The row of ``imgmatch.registry.store`` is that of ``registry``."""
    return ROWS.index(module.split(".")[1])


def imports(source):
    """The modules of the package that a source text imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "want absolute imports"
            if node.module.split(".")[0] == "imgmatch":
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    yield name if name in MODULES else node.module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("imgmatch."):
                    yield alias.name


def breaches(module, source):
    """The imports that a module of this name may not have."""
    for imported in imports(source):
        if imported == "imgmatch":
            yield f"{module} imports the package that imports it"
        inside = imported.split(".")[1:2] == module.split(".")[1:2]
        if imported != "imgmatch" and not inside and row(imported) >= row(module):
            yield f"{module} imports {imported}"


def modules():
    for path in sorted(SOURCES.rglob("*.py*")):
        if path.suffix in (".py", ".pyx") and path != SOURCES / "__init__.py":
            parts = path.relative_to(SOURCES).with_suffix("").parts
            yield ".".join(("imgmatch", *parts)).removesuffix(".__init__"), path


MODULES = dict(modules())


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_only_from_rows_above(module):
    path = MODULES[module]
    if path.suffix == ".py":
        assert list(breaches(module, path.read_text(encoding="utf-8"))) == []
    assert row(module) >= 0


def test_modules_import_in_no_circle():
    graph = {
        module: set(imports(path.read_text(encoding="utf-8")))
        for module, path in MODULES.items()
        if path.suffix == ".py"
    }

    assert circle_in(graph) is None


def circle_in(graph):
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("imgmatch.registry.store", "from imgmatch.index import X", False),
        ("imgmatch.registry.store", "from imgmatch.registry.lock import X", False),
        ("imgmatch.registry.store", "from imgmatch.verification import X", True),
        ("imgmatch.image", "from imgmatch import cli", True),
        ("imgmatch.image", "from imgmatch import Verdict", True),
        ("imgmatch.image", "def f():\n    import imgmatch.pair.compare", True),
        ("imgmatch.image", "import numpy", False),
    ],
)
def test_breaches_are_seen(module, source, wrong):
    assert bool(list(breaches(module, source))) is wrong


def test_circles_are_seen():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


SERVING = {"window", "statistics", "sharpness"}
"""Modules of `imgmatch.pair` that serve several stages."""


def stages():
    """The stages of a pair, as the docstring of `imgmatch.pair` numbers them."""
    steps = re.findall(r"^\d+\. (`\w+`(?: and `\w+`)?)", imgmatch.pair.__doc__, re.M)
    return [stage for step in steps for stage in re.findall(r"\w+(?=`)", step)]


def stages_in(modules):
    """The stages that modules of the package belong to, each once, in order."""
    parts = [module.split(".") for module in modules]
    found = [part[2] for part in parts if part[1:2] == ["pair"] and len(part) > 2]
    return [stage for stage in dict.fromkeys(found) if stage in stages()]


def test_stages_are_all_that_a_pair_goes_through():
    there = {path.stem for path in (SOURCES / "pair").iterdir()}
    there -= {"__init__", "__pycache__", "constants"}

    assert sorted([*stages(), *SERVING]) == sorted(there)
    assert stages_in(module.__name__ for module in constants.MODULES) == stages()


@pytest.mark.parametrize("stage", [*sorted(SERVING), *stages()])
def test_stages_import_only_earlier_stages(stage):
    earlier = stages()[: stages().index(stage)] if stage in stages() else []
    own = [m for m in MODULES if f"{m}.".startswith(f"imgmatch.pair.{stage}.")]
    imported = {
        name for m in own for name in imports(MODULES[m].read_text(encoding="utf-8"))
    }

    assert set(stages_in(imported)) <= {stage, *earlier}


def packages():
    return [name for name, path in MODULES.items() if path.name == "__init__.py"]


@pytest.mark.parametrize("package", ["imgmatch", *packages()])
def test_no_name_hides_a_module(package):
    """What a package exports must not take the name of one of its modules."""
    opened = importlib.import_module(package)
    for found in pkgutil.iter_modules(opened.__path__):
        name = f"{package}.{found.name}"
        if found.name != "__main__":
            module = importlib.import_module(name)
            assert getattr(opened, found.name) is module, name


# Tests

TESTS = Path(__file__).parent
PROJECT = {
    "architecture",
    "docs",
    "docs_evidence",
    "examples",
    "init",
    "readme",
    "tour",
}
"""What has a test and is no module."""


def mirrored_by(path):
    """The module or package that a file ``test_<module>[_aspect].py`` mirrors."""
    folder = path.relative_to(TESTS).parent
    home = (
        TESTS.parent / folder
        if folder.parts[:1] == ("benchmarks",)
        else SOURCES / folder
    )
    words = path.stem.removeprefix("test_").split("_")
    for end in range(len(words), 0, -1):
        name = "_".join(words[:end])
        for found in (f"{name}.py", f"_{name}.pyx", f"__{name}__.py", name):
            if (home / found).exists():
                return home / found
    return None


def names_in(module):
    """What a test of a module may be named for, in snake_case."""
    files = sorted(module.rglob("*.py")) if module.is_dir() else [module]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    found = re.findall(r"^\s*(?:cdef )?(?:def|class) (\w+)", text, re.MULTILINE)
    found += re.findall(r"^(\w+)(?:: [^=]+)? = ", text, re.MULTILINE)
    found.append(module.stem)
    snake = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name) for name in found)
    return {name.lower().strip("_") for name in snake} - {""}


def mirroring():
    return [
        path
        for path in sorted(TESTS.rglob("test_*.py"))
        if path.stem.removeprefix("test_") not in PROJECT
    ]


@pytest.mark.parametrize("path", mirroring(), ids=lambda p: str(p.relative_to(TESTS)))
def test_tests_are_named_for_what_they_test(path):
    module = mirrored_by(path)
    assert module, "want a test file named for a module of the mirrored folder"
    names = names_in(module)
    tests = re.findall(r"^def test_(\w+)", path.read_text(encoding="utf-8"), re.M)

    assert [
        test for test in tests if not any(f"{test}_".startswith(f"{n}_") for n in names)
    ] == []
