from typing import Any

import numpy as np
from numpy.typing import NDArray

_Picture = NDArray[np.uint8]
_Levels = NDArray[np.float32]

SOURCE_DIGEST: str
CORNER_MARGIN: int
TRACK_LEVELS: int
WINDOW: int
SPARSE: int
BEND_REACH: int

def flatten(grey: _Picture) -> _Picture: ...
def corners(flat: _Picture, where: _Picture, *, cell: int) -> NDArray[Any]: ...

class Tracked:
    shape: tuple[int, int]
    def __init__(self, flat: _Picture) -> None: ...
    def track(
        self,
        other: Tracked,
        points: NDArray[np.float32],
        *,
        coarsest: int,
        miss: float,
    ) -> NDArray[np.float32]: ...

def correlate(
    first: _Levels, second: _Levels, *, least: float
) -> tuple[_Levels, _Levels, _Levels, _Levels, _Levels]: ...
def shades(
    grey: _Levels, *, slope: float, contrast: float, bend: float
) -> NDArray[np.bool_]: ...
def sparse_energy(first: _Levels, second: _Levels) -> _Levels: ...
