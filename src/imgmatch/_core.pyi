from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_Codes: TypeAlias = NDArray[np.uint64]

_Rows: TypeAlias = NDArray[np.uint32]
_Hits: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]

SOURCE_DIGEST: str
MAX_WORDS: int
MAX_BUCKET_BITS: int

def kernels() -> tuple[str, ...]: ...
def kernel_name(name: str | None = None) -> str: ...
def knn(
    queries: _Codes, codes: _Codes, k: int, *, first: int = 0, kernel: str | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...
def radius(
    queries: _Codes,
    codes: _Codes,
    radius: int,
    *,
    first: int = 0,
    above: bool = False,
    rows: _Rows | None = None,
    kernel: str | None = None,
) -> _Hits: ...
def index_lookups(words: int, tables: int, radius: int) -> float: ...
def index_build(codes: _Codes, tables: int) -> tuple[_Codes, _Rows, _Rows, _Rows]: ...

class Index:
    def __init__(
        self,
        codes: _Codes,
        rows: _Rows,
        positions: _Rows,
        starts: _Rows,
        *,
        patience: float,
    ) -> None: ...
    def radius(
        self,
        queries: _Codes,
        radius: int,
        *,
        kernel: str | None = None,
    ) -> _Hits: ...
    def pairs(
        self,
        start: int,
        stop: int,
        radius: int,
        *,
        kernel: str | None = None,
    ) -> _Hits: ...

def match_two_nearest(
    reference: _Codes,
    query: _Codes,
    *,
    ratio: float,
    max_distance: int,
    mutual: bool = True,
    kernel: str | None = None,
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]
]: ...
def similarity_votes(
    correspondences: NDArray[np.float32],
    rows: NDArray[np.int32],
    *,
    drift: float,
    ratio: float,
    cosine: float,
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]: ...
def fit(
    sample: int,
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64] | None: ...
def transfer_errors(
    homography: NDArray[np.float64],
    source: NDArray[np.float64],
    target: NDArray[np.float64],
) -> NDArray[np.float64]: ...

ORB_BORDER: int

def orb_detect(
    level: NDArray[np.uint8], *, threshold: int, quota: int
) -> NDArray[np.float32]: ...
def orb_describe(
    smooth: NDArray[np.uint8],
    keypoints: NDArray[np.float32],
    *,
    mirrored: bool = False,
) -> NDArray[np.uint64]: ...
def resample(
    grey: NDArray[np.uint8],
    starts: NDArray[np.int32],
    weights: NDArray[np.int16],
    *,
    shift: int,
) -> NDArray[np.uint8]: ...
