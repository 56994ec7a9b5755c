# cython: language_level=3
"""Typed doors to the C kernels."""

from libc.stdint cimport uint8_t, uint64_t

import numpy as np


# ORB

cdef extern from "orb.h":
    enum:
        IM_ORB_BORDER
        IM_ORB_MAX_SIDE
    ctypedef struct im_orb_keypoint:
        pass
    int im_orb_detect(
        const uint8_t *level, ptrdiff_t stride, int width, int height,
        uint8_t threshold, int quota, im_orb_keypoint *out,
    ) nogil
    void im_orb_describe(
        const uint8_t *smooth, ptrdiff_t stride,
        const im_orb_keypoint *keypoints, int count, int mirrored,
        uint64_t (*out)[4],
    ) nogil

ORB_BORDER = IM_ORB_BORDER


cdef int _check_level(int width, int height) except -1:
    if not (0 < width <= IM_ORB_MAX_SIDE and 0 < height <= IM_ORB_MAX_SIDE):
        raise ValueError(f"want a level of 1 to {IM_ORB_MAX_SIDE} pixels inside its "
                         f"border of {IM_ORB_BORDER}, got {width} x {height}")
    return 0


def orb_detect(const uint8_t[:, ::1] level, *, uint8_t threshold, int quota):
    """Corners of a `level` (H, W) that carries ORB_BORDER pixels on every side.

    Returns (N, 4) float32: x, y in pixels of the level inside its border, cosine
    and sine of the direction; N is at most `quota`, strongest per grid cell first.
    """
    cdef int height = level.shape[0] - 2 * IM_ORB_BORDER
    cdef int width = level.shape[1] - 2 * IM_ORB_BORDER
    _check_level(width, height)
    if quota < 0:
        raise ValueError(f"want a quota of 0 or more, got {quota}")
    keypoints = np.empty((quota, 4), dtype=np.float32)
    cdef float[:, ::1] view = keypoints
    cdef int found = 0
    if quota:
        with nogil:
            found = im_orb_detect(
                &level[IM_ORB_BORDER, IM_ORB_BORDER], level.shape[1], width, height,
                threshold, quota, <im_orb_keypoint *>&view[0, 0])
    if found < 0:
        raise MemoryError(f"no memory for the corners of {width} x {height} pixels")
    return keypoints[:found]


def orb_describe(const uint8_t[:, ::1] smooth, const float[:, ::1] keypoints, *,
                 bint mirrored=False):
    """Descriptors (N, 4) uint64 of `keypoints`, as `orb_detect` returns them.

    `smooth` is the level, smoothed, with its border. With `mirrored`, what the
    mirrored picture would give at the mirrored keypoints.
    """
    cdef Py_ssize_t n = keypoints.shape[0], i
    cdef int height = smooth.shape[0] - 2 * IM_ORB_BORDER
    cdef int width = smooth.shape[1] - 2 * IM_ORB_BORDER
    _check_level(width, height)
    if keypoints.shape[1] != 4:
        raise ValueError(f"want keypoints (N, 4), got (N, {keypoints.shape[1]})")
    for i in range(n):
        if not (0 <= keypoints[i, 0] <= width - 1 and 0 <= keypoints[i, 1] <= height - 1
                and keypoints[i, 2] ** 2 + keypoints[i, 3] ** 2 < 1.001):
            raise ValueError(f"want keypoint {i} within {width} x {height} pixels and "
                             f"a unit direction, got {np.asarray(keypoints[i])}")
    descriptors = np.empty((n, 4), dtype=np.uint64)
    cdef uint64_t[:, ::1] view = descriptors
    if n:
        with nogil:
            im_orb_describe(
                &smooth[IM_ORB_BORDER, IM_ORB_BORDER], smooth.shape[1],
                <const im_orb_keypoint *>&keypoints[0, 0], <int>n, mirrored,
                <uint64_t (*)[4]>&view[0, 0])
    return descriptors
