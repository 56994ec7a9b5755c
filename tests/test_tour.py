"""The notebook of the examples runs to its end and shows what it says."""

import subprocess
import sys

import pytest
from places import EXAMPLES

nbformat = pytest.importorskip("nbformat")


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """The notebook after all its cells were run, in a process of its own.

    Jupyter's own warnings are not this package's, so they end no test.
    """
    path = tmp_path_factory.mktemp("tour") / "tour.ipynb"
    script = (
        "import sys, nbformat; from nbclient import NotebookClient;"
        "book = nbformat.read(sys.argv[1], as_version=4);"
        "NotebookClient(book, timeout=None, kernel_name='python3').execute();"
        "nbformat.write(book, sys.argv[2])"
    )
    command = [sys.executable, "-c", script, EXAMPLES / "tour.ipynb", path]
    done = subprocess.run(
        command, cwd=EXAMPLES, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return nbformat.read(path, as_version=4)


def outputs(tour):
    return [
        output
        for cell in tour.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def test_nothing_is_said_on_stderr(tour):
    assert [o for o in outputs(tour) if o.get("name") == "stderr"] == []


def test_comparisons_are_drawn(tour):
    shown = [set(o.data) for o in outputs(tour) if "data" in o]

    assert sum("image/png" in kinds for kinds in shown) == 3
    cards = [
        o.data["text/html"] for o in outputs(tour) if "text/html" in o.get("data", {})
    ]
    assert len(cards) == 1
    assert "<svg" in cards[0]


def test_the_thresholds_find_copies_and_accuse_nobody(tour):
    (table,) = [
        o.text for o in outputs(tour) if o.get("text", "").startswith("score at least")
    ]
    rows = [line.split() for line in table.splitlines()[1:]]

    assert [row[0] for row in rows] == ["0", "2", "4", "8", "12"]
    found = [int(row[1]) for row in rows]
    assert found[0] == 31
    assert found == sorted(found, reverse=True)
    assert {row[4] for row in rows} == {"0"}


def test_it_is_kept_without_outputs():
    kept = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)

    nbformat.validate(kept)
    assert outputs(kept) == []
    assert {cell.get("execution_count") for cell in kept.cells} == {None}
