"""Build the C core. pyproject.toml declares everything else."""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = Path("src/imgmatch/_kernels")

# No -march: code for instruction sets beyond the baseline is in functions with a target
# attribute, which are chosen at run time. One binary then works on all machines.
# -fno-math-errno makes a square root one instruction.
FLAGS = ["-O3", "-std=c11", "-fno-math-errno"]
if sys.platform == "win32":
    FLAGS = ["/O2", "/std:c11"]
LINK: list[str] = []
SANITIZED = bool(os.environ.get("IMGMATCH_SANITIZE"))
if SANITIZED:
    SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    FLAGS = ["-O1", "-g", "-std=c11", "-fno-omit-frame-pointer", *SANITIZE]
    LINK = SANITIZE


def extension(name: str, *kernels: str) -> Extension:
    """Declare a Cython module with the C kernels, given by patterns, that it wraps.

    The module gets the SHA-256 digest of its sources, which evidence records.
    """
    door = Path(f"src/{name.replace('.', '/')}.pyx")
    sources = [path for pattern in kernels for path in sorted(KERNELS.glob(pattern))]
    headers = sorted(KERNELS.glob("*.h"))
    digest = hashlib.sha256()
    for path in (door, *sources, *headers):
        digest.update(path.read_text(encoding="utf-8").encode())
    return Extension(
        name,
        sources=[str(door), *map(str, sources)],
        depends=[str(path) for path in headers],
        include_dirs=[str(KERNELS), np.get_include()],
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            ("IM_SOURCE_DIGEST", digest.hexdigest()),
        ],
        extra_compile_args=FLAGS,
        extra_link_args=LINK,
    )


EXTENSIONS = [
    extension(
        "imgmatch._core",
        *("hamming*.c", "orb.c", "plane.c", "resample.c", "similarity.c"),
    ),
    extension("imgmatch._pixels", "corners.c", "flatten.c", "track.c", "windows.c"),
    extension("imgmatch.index._postings", "postings*.c", "words.c", "similarity.c"),
]

setup(
    ext_modules=cythonize(
        EXTENSIONS,
        build_dir="build/sanitized" if SANITIZED else None,  # its C code differs
        compiler_directives={
            "language_level": 3,
            "boundscheck": SANITIZED,
            "wraparound": False,
            "embedsignature": True,
        },
        include_path=["src"],
    )
)
