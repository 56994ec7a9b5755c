"""One thread for each worker process: more would fight for the cores."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import cv2
from PIL import AvifImagePlugin

__all__ = ["cores", "one_thread", "one_thread_at_start"]

_AT_START = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "BLIS_NUM_THREADS"),
)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def one_thread_at_start() -> Iterator[None]:
    """Let processes started within this block have one thread for BLAS and OpenMP.

    Libraries read these variables as they are loaded, which in a new process is
    before any code of ours runs.
    """
    before = {name: os.environ.get(name) for name in _AT_START}
    os.environ.update(dict.fromkeys(_AT_START, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@cache
def one_thread() -> None:
    """Let OpenCV, AVIF and FAISS, if it is there, use one thread in this process."""
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        import faiss
    except ImportError:
        return
    faiss.omp_set_num_threads(1)
