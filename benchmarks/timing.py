"""What the benchmarks share: fair turns, and a table at the end."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["Contestants", "best_times", "print_table"]

Contestants: TypeAlias = Mapping[str, Callable[[], Any]]


def best_times(contestants: Contestants, repeat: int) -> dict[str, float]:
    """Return the least seconds of processor time that each took in `repeat` rounds.

    Within a round they take turns, so that a busy machine slows all alike.
    """
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(repeat):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - start)
    return best


def print_table(figures: Iterable[Mapping[str, Any]]) -> None:
    """Print figures, those of one work together, on stderr."""
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
