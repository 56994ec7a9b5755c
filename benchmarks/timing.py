"""Helpers of the benchmarks: time contestants in turns, and print a table."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["Contestants", "best_times", "print_table"]

Contestants: TypeAlias = Mapping[str, Callable[[], Any]]
"""What to time, by name."""


def best_times(contestants: Contestants, repeat: int) -> dict[str, float]:
    """Return each contestant's least processor time of `repeat` rounds, in seconds.

    Every round runs all contestants once, so that a busy machine slows all alike.
    """
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(repeat):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - start)
    return best


def print_table(figures: Iterable[Mapping[str, Any]]) -> None:
    """Print figures on stderr; consecutive figures of one work share a heading."""
    work = ""
    for figure in figures:
        if figure["work"] != work:
            work = figure["work"]
            print(f"\n{work}", file=sys.stderr)
        ratio = next((v for key, v in figure.items() if key.startswith("times ")), None)
        print(
            f"  {figure['by']:36} {figure['seconds'] * 1e3:12.3f} ms"
            + (f" {ratio:8.2f}x" if ratio else ""),
            file=sys.stderr,
        )
