# cython: language_level=3
"""Cython wrappers of the C kernels that align two images and compare their pixels."""

import numpy as np

from imgmatch.errors import ShapeError

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t


cdef extern from *:
    """
    #define IM_TEXT(tokens) #tokens
    #define IM_QUOTED(macro) IM_TEXT(macro)
    static const char im_source_digest[] = IM_QUOTED(IM_SOURCE_DIGEST);
    """
    const char im_source_digest[]

cdef extern from "pixels.h" nogil:
    enum: IM_CORNER_MARGIN, IM_TRACK_LEVELS
    size_t im_flatten_scratch(size_t, size_t)
    void im_flatten(const uint8_t *, size_t, size_t, float *, uint8_t *)
    ctypedef struct im_corner:
        int32_t x, y
        float strength
    size_t im_corners_scratch(size_t)
    void im_corners(const uint8_t *, const uint8_t *, size_t, size_t, size_t, void *,
                    im_corner *)
    ctypedef struct im_track_level:
        size_t height, width
        uint8_t *pixels
    size_t im_track_scratch(size_t, size_t)
    void im_track_build(const uint8_t *, size_t, size_t, uint8_t *, im_track_level *)
    void im_track(const im_track_level *, const im_track_level *, int, const float *,
                  size_t, float, float *)
    enum: IM_WINDOW, IM_SPARSE, IM_BEND_REACH
    size_t im_correlate_scratch(size_t, size_t)
    void im_correlate(const float *, const float *, size_t, size_t, float, void *,
                      float *, float *, float *, float *, float *)
    size_t im_shades_scratch(size_t, size_t)
    void im_shades(const float *, size_t, size_t, float, float, float, void *, uint8_t *)
    size_t im_sparse_windows(size_t)
    void im_sparse_energy(const float *, const float *, size_t, size_t, float *, float *)


SOURCE_DIGEST = im_source_digest.decode()
CORNER_MARGIN = IM_CORNER_MARGIN
TRACK_LEVELS = IM_TRACK_LEVELS
WINDOW = IM_WINDOW
SPARSE = IM_SPARSE
BEND_REACH = IM_BEND_REACH

_CORNER = np.dtype([("x", np.int32), ("y", np.int32), ("strength", np.float32)])


ctypedef fused pixel:
    const uint8_t
    const float


cdef _check_picture(pixel[:, ::1] picture):
    if not (picture.shape[0] and picture.shape[1]):
        raise ShapeError(f"want pixels, got {tuple(picture.shape)[:2]}")


cdef _check_pair(const float[:, ::1] first, const float[:, ::1] second):
    _check_picture(first)
    if first.shape[0] != second.shape[0] or first.shape[1] != second.shape[1]:
        raise ShapeError(f"want pictures of one size, got {tuple(first.shape)[:2]} "
                         f"and {tuple(second.shape)[:2]}")


def flatten(const uint8_t[:, ::1] grey):
    """Normalise local brightness and contrast; return (H, W) uint8."""
    _check_picture(grey)
    cdef size_t height = grey.shape[0], width = grey.shape[1]
    flat = np.empty((height, width), np.uint8)
    cdef uint8_t[:, ::1] view = flat
    cdef float[::1] scratch = np.empty(im_flatten_scratch(height, width), np.float32)
    with nogil:
        im_flatten(&grey[0, 0], height, width, &scratch[0], &view[0, 0])
    return flat


def corners(const uint8_t[:, ::1] flat, const uint8_t[:, ::1] where, *, size_t cell):
    """Return the strongest corner of each cell, a record (x, y, strength).

    A cell without a corner has one of strength 0. `where` (H, W) is a mask: corners lie
    where it is not 0.
    """
    _check_picture(flat)
    if where.shape[0] != flat.shape[0] or where.shape[1] != flat.shape[1]:
        raise ShapeError(f"want a mask of {tuple(flat.shape)[:2]}, "
                         f"got {tuple(where.shape)[:2]}")
    if not cell:
        raise ValueError("want cells of 1 pixel or more, got 0")
    cdef size_t height = flat.shape[0], width = flat.shape[1]
    found = np.empty(((height + cell - 1) // cell, (width + cell - 1) // cell), _CORNER)
    cdef uint8_t[::1] scratch = np.empty(im_corners_scratch(width), np.uint8)
    cdef uint8_t[:, ::1] view = found.view(np.uint8)
    with nogil:
        im_corners(&flat[0, 0], &where[0, 0], height, width, cell, &scratch[0],
                   <im_corner *>&view[0, 0])
    return found.ravel()


cdef class Tracked:
    """An image, stored as a pyramid, that points can be tracked from and to."""

    cdef im_track_level levels[IM_TRACK_LEVELS]
    cdef uint8_t[::1] scratch
    cdef readonly tuple shape

    def __init__(self, const uint8_t[:, ::1] flat):
        _check_picture(flat)
        cdef size_t height = flat.shape[0], width = flat.shape[1]
        self.shape = height, width
        self.scratch = np.empty(im_track_scratch(height, width), np.uint8)
        with nogil:
            im_track_build(&flat[0, 0], height, width, &self.scratch[0], self.levels)

    def track(self, Tracked other not None, const float[:, ::1] points, *,
               int coarsest, float miss):
        """Return where points (N, 2) are in another image: (N, 2) float32, NaN if lost.

        `coarsest` is the pyramid level to begin at. A point is lost if tracking it back
        ends `miss` pixels or more from its start.
        """
        if points.shape[1] != 2:
            raise ShapeError(f"want points (N, 2), got {tuple(points.shape)[:2]}")
        if other.shape != self.shape:
            raise ShapeError(f"want pictures of one size, got {self.shape} "
                             f"and {other.shape}")
        if not 0 <= coarsest < TRACK_LEVELS:
            raise ValueError(f"want a level below {TRACK_LEVELS}, got {coarsest}")
        found = np.empty((points.shape[0], 2), np.float32)
        cdef float[:, ::1] view = found
        if points.shape[0]:
            with nogil:
                im_track(self.levels, other.levels, coarsest, &points[0, 0],
                         points.shape[0], miss, &view[0, 0])
        return found


def correlate(const float[:, ::1] first, const float[:, ::1] second, *, float least):
    """Correlate the windows around each pixel of two images of levels 0 to 255.

    Return five (H, W) float32: the correlation (ZNCC, -1 to 1), the variances of the
    first and of the second image, and their variances about the least-squares plane of
    the window. The correlation divides by variances of at least `least`.
    """
    _check_pair(first, second)
    cdef size_t height = first.shape[0], width = first.shape[1]
    found = np.empty((5, height, width), np.float32)
    cdef float[:, :, ::1] view = found
    cdef uint8_t[::1] scratch = np.empty(im_correlate_scratch(height, width), np.uint8)
    with nogil:
        im_correlate(&first[0, 0], &second[0, 0], height, width, least, &scratch[0],
                     &view[0, 0, 0], &view[1, 0, 0], &view[2, 0, 0],
                     &view[3, 0, 0], &view[4, 0, 0])
    return tuple(found)


def shades(const float[:, ::1] grey, *, float slope, float contrast, float bend):
    """Find pixels (H, W) bool of gradual shading, as in photographs.

    Such a pixel has a gradient of more than `slope` levels a pixel and of less than
    `contrast` times the range of levels in its window. The gradient is not constant:
    in one of four directions the second difference is above `bend` levels.
    """
    _check_picture(grey)
    if not 0 <= bend <= 255:
        raise ValueError(f"want a bend of 0 to 255 levels, got {bend}")
    cdef size_t height = grey.shape[0], width = grey.shape[1]
    found = np.empty((height, width), np.uint8)
    cdef uint8_t[:, ::1] view = found
    cdef uint8_t[::1] scratch = np.empty(im_shades_scratch(height, width), np.uint8)
    with nogil:
        im_shades(&grey[0, 0], height, width, slope, contrast, bend, &scratch[0],
                  &view[0, 0])
    return found.view(np.bool_)


def sparse_energy(const float[:, ::1] first, const float[:, ::1] second):
    """Return the mean squared difference of two images in every `SPARSE`-th window."""
    _check_pair(first, second)
    cdef size_t height = first.shape[0], width = first.shape[1]
    energy = np.empty((im_sparse_windows(height), im_sparse_windows(width)), np.float32)
    cdef float[:, ::1] view = energy
    cdef float[::1] scratch = np.empty(width, np.float32)
    if energy.size:
        with nogil:
            im_sparse_energy(&first[0, 0], &second[0, 0], height, width, &scratch[0],
                             &view[0, 0])
    return energy
