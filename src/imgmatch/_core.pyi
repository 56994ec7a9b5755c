import numpy as np
from numpy.typing import NDArray

# ORB

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
