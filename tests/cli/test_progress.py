import io

import numpy as np
import pytest
from rich.console import Console

from imgmatch.cli import console, progress


@pytest.fixture
def terminal(monkeypatch):
    """A terminal; its content is what was drawn."""
    drawn = io.StringIO()
    shown = Console(file=drawn, force_terminal=True, width=160, color_system=None)
    monkeypatch.setattr(console, "words", shown)
    return drawn


def test_progress_is_drawn_after_a_second_and_only_on_a_terminal(monkeypatch, capsys):
    clock = iter(np.arange(0, 100, 0.4))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    images = [None] * 5

    monkeypatch.setattr(console, "words", Console(stderr=True, force_terminal=False))
    assert list(progress.progress("abcde", "Working", images)) == [*"abcde"]
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(console, "words", Console(stderr=True, force_terminal=True))
    assert list(progress.progress("ab", "Working", images)) == ["a", "b"]
    assert "Working" not in capsys.readouterr().err
    assert list(progress.progress("abcde", "Working", images)) == [*"abcde"]
    drawn = capsys.readouterr().err
    assert "Working" in drawn
    assert "/s" in drawn


def test_scan_progress_counts_and_ends_with_a_table(terminal, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))

    with progress.ScanProgress(lambda: 8) as bar:
        bar.advance({"derived": 1, "error": 1})
        bar.advance({"unrelated": 4})
        bar.advance({"unrelated": 2})

    drawn = terminal.getvalue()
    assert "1 derived, 6 unrelated, 1 could not be judged" in drawn
    table = drawn[drawn.index("┏") :]
    assert "75.0%" in table
    assert "suspects/s" in table
    assert bar.counts == {"derived": 1, "error": 1, "unrelated": 6}


def test_scan_progress_draws_nothing_without_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(console, "words", Console(stderr=True, force_terminal=False))

    with progress.ScanProgress(lambda: 1) as bar:
        bar.advance({"derived": 1})

    assert capsys.readouterr().err == "1 suspects: 1 derived\n"


def test_scan_progress_prints_no_summary_after_an_exception(terminal):
    with pytest.raises(ZeroDivisionError), progress.ScanProgress(lambda: 1):
        raise ZeroDivisionError
    assert "in all" not in terminal.getvalue()
