"""Limit each worker process to one thread: more would compete for the cores."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import cv2
from PIL import AvifImagePlugin

__all__ = ["cores", "limit_threads", "limit_threads_of_children"]

_THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "BLIS_NUM_THREADS"),
)
"""Environment variables that BLAS and OpenMP read when they are loaded."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def limit_threads_of_children() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread in processes that this block starts.

    The parent process sets environment variables for this. The libraries read them
    when they are loaded, and in a new process that is before code of this package
    runs.
    """
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@cache
def limit_threads() -> None:
    """Limit OpenCV, AVIF and, if installed, FAISS to one thread in this process."""
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        import faiss
    except ImportError:
        return
    faiss.omp_set_num_threads(1)
