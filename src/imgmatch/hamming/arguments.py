"""Check the arguments of a search, and divide its work among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from imgmatch._core import MAX_WORDS
from imgmatch.errors import InputError, ShapeError

__all__ = ["check_at_least", "check_codes", "in_threads", "shares"]

_T = TypeVar("_T")


def check_codes(**arrays: NDArray[np.uint64]) -> None:
    """Raise ShapeError unless all are (N, W) uint64, C-contiguous and of one width."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ShapeError(f"want {name} as an array, got {type(array).__name__}")
        if array.dtype != np.uint64 or array.ndim != 2:
            raise ShapeError(
                f"want {name} (N, W) uint64, got {array.shape} {array.dtype}"
            )
        if not array.flags.c_contiguous or not array.flags.aligned:
            raise ShapeError(f"want {name} C-contiguous and aligned")
    words = [array.shape[1] for array in arrays.values()]
    if len(set(words)) > 1 or not 1 <= words[0] <= MAX_WORDS:
        raise ShapeError(
            f"want {' and '.join(arrays)} of one width, 1 to {MAX_WORDS} words, "
            f"got {' and '.join(map(str, words))}"
        )


def check_at_least(least: int, **values: int) -> None:
    """Raise InputError if one of the values is less than `least`."""
    for name, value in values.items():
        if value < least:
            raise InputError(f"want {name} of at least {least}, got {value}")


def shares(n: int, threads: int, *, power: float = 1.0) -> list[tuple[int, int]]:
    """Divide ``range(n)`` into at most `threads` pieces of equal work, at least one.

    `power` is 1 if every item costs the same, 2 if each item is paired with all items
    before it.
    """
    bounds = [round(n * (i / threads) ** (1 / power)) for i in range(threads + 1)]
    return [(a, b) for a, b in pairwise(bounds) if a < b] or [(0, 0)]


def in_threads(
    search: Callable[[int, int], _T], pieces: list[tuple[int, int]]
) -> list[_T]:
    """Search each piece in its own thread; return the results in order."""
    if len(pieces) == 1:
        return [search(*pieces[0])]
    with ThreadPoolExecutor(len(pieces)) as pool:
        return list(pool.map(search, *zip(*pieces, strict=True)))
