import subprocess
import sys

import pytest

import imgmatch


def test_all_names_exist_sorted_and_documented():
    assert imgmatch.__all__ == sorted(imgmatch.__all__)
    for name in imgmatch.__all__:
        assert getattr(imgmatch, name).__doc__, name
    assert isinstance(imgmatch.__version__, str)


def test_all_lists_every_public_name():
    modules = {name.partition(".")[2] for name in sys.modules if "imgmatch." in name}
    public = {name for name in vars(imgmatch) if not name.startswith("_")}

    assert public - modules == set(imgmatch.__all__) - modules - {"__version__"}
    assert {"compare", "verify", "scan"} <= set(imgmatch.__all__)


@pytest.mark.parametrize(
    "name", ["compare", "verify", "scan", "register", "phash", "dhash"]
)
def test_public_functions_are_not_hidden_by_modules(name):
    assert callable(getattr(imgmatch, name))


HEAVY = ("dask", "faiss", "jinja2", "matplotlib", "pyarrow", "rich", "skimage", "typer")


def test_import_is_light_and_changes_nothing():
    script = f"""
import logging, sys, threading
handlers = list(logging.root.handlers)
import imgmatch
print(sorted(name for name in {HEAVY} if name in sys.modules))
print(threading.active_count(), logging.root.handlers == handlers)
"""
    out = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert out.split("\n")[:2] == ["[]", "1 True"]
