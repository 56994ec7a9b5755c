from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Words: TypeAlias = NDArray[np.uint32]
_Codes: TypeAlias = NDArray[np.uint64]
_Table: TypeAlias = NDArray[np.int16]

WORD_BITS: int
CODE_BITS: int
POSITION_BITS: int
SCALE_BITS: int
SCALE_STEPS: int
SCALE_LEAST: int
ANGLE_BITS: int
MAX_PROBES: int

def words(descriptors: _Codes, table: _Table) -> tuple[_Words, _Codes]: ...
def word_probes(descriptor: _Codes, table: _Table, n: int) -> _Words: ...

class Postings:
    def __init__(
        self,
        parts: Sequence[tuple[_Codes, _Words, _Words, _Words, NDArray[np.uint8]]],
    ) -> None: ...
    def votes(
        self,
        descriptors: _Codes,
        keypoints: NDArray[np.float32],
        mirrored: int,
        table: _Table,
        *,
        effort: Mapping[str, int],
        kernel: str | None = None,
    ) -> NDArray[Any]: ...
    def search(
        self,
        descriptors: _Codes,
        keypoints: NDArray[np.float32],
        mirrored: int,
        table: _Table,
        *,
        effort: Mapping[str, int],
        least: int,
        kernel: str | None = None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint16]]: ...
    def merge_into(
        self,
        names: Sequence[_Words],
        codes: _Codes,
        rows: _Words,
        keypoints: _Words,
        starts: _Words,
    ) -> int: ...
