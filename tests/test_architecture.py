"""The house keeps its order: a module imports only from rows above its own."""

import ast
import importlib
import pkgutil
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import imgmatch

ROOT = Path(imgmatch.__file__).parent

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
    for path in sorted(ROOT.rglob("*.py*")):
        if path.suffix in (".py", ".pyx") and path != ROOT / "__init__.py":
            parts = path.relative_to(ROOT).with_suffix("").parts
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
