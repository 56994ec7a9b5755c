# cython: language_level=3
"""Cython wrappers of the C kernels.

The public Python functions that call them check and document the arguments in full.
"""

import os

import numpy as np

from imgmatch.errors import KernelError, ShapeError

from libc.stddef cimport ptrdiff_t, size_t
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t


cdef extern from *:
    """
    #define IM_TEXT(tokens) #tokens
    #define IM_QUOTED(macro) IM_TEXT(macro)
    static const char im_source_digest[] = IM_QUOTED(IM_SOURCE_DIGEST);
    """
    const char im_source_digest[]


cdef extern from "hamming.h" nogil:
    enum: IM_INDEX_BITS, IM_MAX_WORDS
    ctypedef struct im_hit:
        pass
    ctypedef struct im_hits:
        im_hit *items
        size_t n, room
    ctypedef struct im_match:
        pass
    const im_kernel *im_kernels[]
    int im_knn(const im_kernel *, const uint64_t *, size_t, const uint64_t *, size_t,
               size_t, size_t, uint64_t, uint64_t *)
    int im_radius(const im_kernel *, const uint64_t *, size_t, const uint64_t *, size_t,
                  size_t, uint32_t, uint64_t, int, im_hits *)
    int im_hits_rows(const im_hits *, size_t, int64_t *, uint64_t *)
    void im_hits_rename(im_hits *, const uint32_t *)
    void im_hits_free(im_hits *)
    ptrdiff_t im_match_two_nearest(const im_kernel *, const uint64_t *, size_t,
                                   const uint64_t *, size_t, double, int, int,
                                   im_match *)


cdef extern from "hamming_index.h" nogil:
    enum: IM_MAX_BUCKET_BITS
    ctypedef struct im_index:
        size_t n, words, tables
        const uint64_t *codes
        const uint32_t *rows
        const uint32_t *positions
        const uint32_t *starts
        double patience
    size_t im_index_starts(size_t, size_t)
    double im_index_lookups(size_t, size_t, uint32_t)
    int im_index_build(const uint64_t *, size_t, size_t, size_t, uint64_t *, uint32_t *,
                       uint32_t *, uint32_t *)
    int im_index_radius(const im_index *, const im_kernel *, const uint64_t *,
                        size_t, uint32_t, im_hits *)
    int im_index_pairs(const im_index *, const im_kernel *, size_t, size_t, uint32_t,
                       im_hits *)


SOURCE_DIGEST = im_source_digest.decode()
MAX_WORDS = IM_MAX_WORDS
MAX_BUCKET_BITS = IM_MAX_BUCKET_BITS


# --- kernels ---------------------------------------------------------------

cdef dict _usable_kernels():
    cdef size_t i = 0
    usable = {}
    while im_kernels[i] != NULL:
        if im_kernels[i].supported():
            usable[im_kernels[i].name.decode()] = i
        i += 1
    return usable


_USABLE = _usable_kernels()


def kernels():
    """Return the names of the kernels that this machine can run, best first."""
    return tuple(_USABLE)


def kernel_name(name=None):
    """Return `name` if this machine can run that kernel, else raise KernelError.

    Without a name, return the default: IMGMATCH_KERNEL, or else the best kernel.
    """
    if name is None:
        name = os.environ.get("IMGMATCH_KERNEL") or next(iter(_USABLE))
    if name not in _USABLE:
        raise KernelError(f"want one of {', '.join(_USABLE)}, got {name!r}")
    return name


cdef const im_kernel *kernel_called(name) except NULL:
    return im_kernels[<size_t>_USABLE[kernel_name(name)]]


# --- Hamming search --------------------------------------------------------

cdef _unpack(keys):
    """Split keys into distances int32 and indices int64."""
    distances = (keys >> np.uint64(IM_INDEX_BITS)).astype(np.int32)
    keys &= np.uint64((<uint64_t>1 << IM_INDEX_BITS) - 1)
    return distances, keys.view(np.int64)


cdef inline const uint64_t *_start(const uint64_t[:, ::1] codes) noexcept nogil:
    return &codes[0, 0] if codes.shape[0] and codes.shape[1] else NULL


cdef _check_words(const uint64_t[:, ::1] queries, const uint64_t[:, ::1] codes):
    if queries.shape[1] != codes.shape[1] or not 1 <= codes.shape[1] <= MAX_WORDS:
        raise ShapeError(
            f"want queries and codes of one width, 1 to {MAX_WORDS} words, "
            f"got {queries.shape[1]} and {codes.shape[1]}"
        )


def knn(const uint64_t[:, ::1] queries, const uint64_t[:, ::1] codes, size_t k, *,
        uint64_t first=0, kernel=None):
    """Return distances and indices (Q, k) of the nearest codes.

    `first` is the index of ``codes[0]``.
    """
    _check_words(queries, codes)
    if k > <size_t>codes.shape[0]:
        raise ShapeError(f"want k of at most {codes.shape[0]} codes, got {k}")
    keys = np.empty((queries.shape[0], k), np.uint64)
    cdef uint64_t[:, ::1] view = keys
    cdef const im_kernel *run = kernel_called(kernel)
    cdef int status = 0
    if keys.size:
        with nogil:
            status = im_knn(run, _start(queries), queries.shape[0], _start(codes),
                            codes.shape[0], codes.shape[1], k, first, &view[0, 0])
    if status:
        raise MemoryError
    return _unpack(keys)


def radius(const uint64_t[:, ::1] queries, const uint64_t[:, ::1] codes,
           uint32_t radius, *, uint64_t first=0, bint above=False,
           const uint32_t[::1] rows=None, kernel=None):
    """Return offsets (Q + 1,), distances and indices of all codes within `radius`.

    `first` is the index of ``codes[0]``. With `above`, query i is compared only with
    codes whose index is greater than i. With `rows`, the index of code i in the
    result is ``rows[i]``.
    """
    _check_words(queries, codes)
    if rows is not None and rows.shape[0] != codes.shape[0]:
        raise ShapeError(f"want {codes.shape[0]} rows, got {rows.shape[0]}")
    cdef const im_kernel *run = kernel_called(kernel)
    cdef im_hits hits = im_hits(NULL, 0, 0)
    cdef int status
    try:
        with nogil:
            status = im_radius(run, _start(queries), queries.shape[0], _start(codes),
                               codes.shape[0], codes.shape[1], radius, first, above,
                               &hits)
            if rows is not None and hits.n:
                im_hits_rename(&hits, &rows[0])
        if status:
            raise MemoryError
        return _rows(&hits, queries.shape[0])
    finally:
        im_hits_free(&hits)


cdef _rows(const im_hits *hits, size_t n_queries):
    """Sort hits by query; return offsets (Q + 1,), distances and indices."""
    offsets = np.zeros(n_queries + 1, np.int64)
    keys = np.empty(hits.n, np.uint64)
    cdef int64_t[::1] offsets_view = offsets
    cdef uint64_t[::1] keys_view = keys
    cdef int status = 0
    if hits.n:
        with nogil:
            status = im_hits_rows(hits, n_queries, &offsets_view[0], &keys_view[0])
    if status:
        raise MemoryError
    return offsets, *_unpack(keys)


# --- multi-index hashing ---------------------------------------------------

def index_lookups(size_t words, size_t tables, uint32_t radius):
    """Return how many buckets one query of an index looks into."""
    return im_index_lookups(words, tables, radius)


cdef bint _can_lay(size_t words, size_t tables):
    """Tell whether codes of so many words can be indexed by so many tables."""
    return 64 * words <= IM_MAX_BUCKET_BITS * tables and tables <= 64 * words


def index_build(const uint64_t[:, ::1] codes, size_t tables):
    """Build an index: return its sorted codes, rows, positions and starts."""
    cdef size_t n = codes.shape[0], words = codes.shape[1]
    if not _can_lay(words, tables) or n >= 1 << 32:
        raise ShapeError(f"cannot lay {n} codes of {words} words in {tables} tables")
    sorted_codes, rows = np.empty((n, words), np.uint64), np.empty(n, np.uint32)
    positions = np.empty((tables - 1, n), np.uint32)
    starts = np.zeros(im_index_starts(words, tables), np.uint32)
    cdef uint64_t[:, ::1] sorted_view = sorted_codes
    cdef uint32_t[::1] rows_view = rows, starts_view = starts
    cdef uint32_t[:, ::1] positions_view = positions
    cdef int status = 0
    if n:
        with nogil:
            status = im_index_build(
                &codes[0, 0], n, words, tables, &sorted_view[0, 0], &rows_view[0],
                &positions_view[0, 0], &starts_view[0])
    if status:
        raise MemoryError
    return sorted_codes, rows, positions, starts


cdef class Index:
    """An index for searches: it checks its arrays and keeps them alive.

    If the buckets of a query hold more than `patience` times the number of codes, all
    codes are scanned instead.
    """

    cdef im_index index
    cdef object arrays

    def __cinit__(self, const uint64_t[:, ::1] codes, const uint32_t[::1] rows,
                  const uint32_t[:, ::1] positions, const uint32_t[::1] starts, *,
                  double patience):
        cdef size_t n = codes.shape[0], words = codes.shape[1]
        cdef size_t tables = positions.shape[0] + 1
        if (
            <size_t>rows.shape[0] != n
            or <size_t>positions.shape[1] != n
            or not _can_lay(words, tables)
            or <size_t>starts.shape[0] != im_index_starts(words, tables)
        ):
            raise ShapeError(f"want the arrays of one index of {n} codes")
        self.arrays = (codes, rows, positions, starts)
        self.index = im_index(n, words, tables, NULL, NULL, NULL, &starts[0],
                              patience)
        if n:
            self.index.codes = &codes[0, 0]
            self.index.rows = &rows[0]
            self.index.positions = &positions[0, 0]

    def radius(self, const uint64_t[:, ::1] queries, uint32_t radius, *, kernel=None):
        """Search as the function `radius` of this module does."""
        if <size_t>queries.shape[1] != self.index.words:
            raise ShapeError(
                f"want queries of {self.index.words} words, got {queries.shape[1]}"
            )
        cdef const im_kernel *run = kernel_called(kernel)
        cdef im_hits hits = im_hits(NULL, 0, 0)
        cdef int status
        try:
            with nogil:
                status = im_index_radius(&self.index, run, _start(queries),
                                         queries.shape[0], radius, &hits)
            if status:
                raise MemoryError
            return _rows(&hits, queries.shape[0])
        finally:
            im_hits_free(&hits)

    def pairs(self, size_t start, size_t stop, uint32_t radius, *, kernel=None):
        """Find pairs within `radius`: positions `start` to `stop` with all later ones."""
        cdef const im_kernel *run = kernel_called(kernel)
        cdef im_hits hits = im_hits(NULL, 0, 0)
        cdef int status
        try:
            with nogil:
                status = im_index_pairs(&self.index, run, start,
                                        min(stop, self.index.n), radius, &hits)
            if status:
                raise MemoryError
            return _rows(&hits, self.index.n)
        finally:
            im_hits_free(&hits)


# --- descriptor matching ---------------------------------------------------

_MATCH = np.dtype(
    [("reference", "i4"), ("query", "i4"), ("distance", "i4"), ("ratio", "f4")]
)


def match_two_nearest(const uint64_t[:, ::1] reference, const uint64_t[:, ::1] query,
                      *, double ratio, int max_distance, bint mutual=True,
                      kernel=None):
    """Match 256-bit descriptors by the ratio test.

    Reference row i matches query row j if j is the nearest row to i, its distance is
    at most `max_distance` and less than `ratio` times that of the second nearest and,
    with `mutual`, if i is also the nearest row to j. Of equal distances the lower row
    counts as the nearest.

    Return reference_index, query_index, distance (int32) and ratio (float32: the
    distance over that of the second nearest, 0 if there is no second), in ascending
    order of reference_index.
    """
    if reference.shape[1] != 4 or query.shape[1] != 4:
        raise ShapeError(
            "want descriptors (N, 4) and (M, 4) uint64, "
            f"got {reference.shape[1]} and {query.shape[1]} words"
        )
    matches = np.empty(reference.shape[0], _MATCH)
    cdef char[::1] view = matches.view(np.int8)
    cdef const im_kernel *run = kernel_called(kernel)
    cdef ptrdiff_t n = 0
    if reference.shape[0] and query.shape[0]:
        with nogil:
            n = im_match_two_nearest(
                run, &reference[0, 0], reference.shape[0], &query[0, 0],
                query.shape[0], ratio, max_distance, mutual, <im_match *>&view[0])
    if n < 0:
        raise MemoryError
    return tuple(matches[name][:n].copy() for name in _MATCH.names)


# --- geometry ---------------------------------------------------------------

cdef extern from "similarity.h":
    ctypedef struct im_similarities:
        size_t n
        const float *x
        const float *y
        const float *u
        const float *v
        const float *scale
        const float *cos
        const float *sin
        const float *slack
    ctypedef struct im_agreement:
        float drift, ratio, cosine
    void im_similarity_votes(const im_similarities *, const im_agreement *,
                             const int32_t *, size_t, uint8_t *, int32_t *) nogil


def similarity_votes(const float[:, ::1] correspondences, const int32_t[::1] rows, *,
                     float drift, float ratio, float cosine):
    """Find which correspondences agree with the similarities that `rows` propose.

    `correspondences` (8, N): x and y in the source, u and v in the target, scale,
    cosine and sine of the rotation, and the tolerance in target pixels. Correspondence
    j agrees with the similarity of i if three conditions hold. The similarity maps
    (x, y) of j to its (u, v) with an error below the tolerance of j plus `drift` times
    the distance from i. The scales differ by a factor below `ratio`. The cosine of the
    angle between the rotations is above `cosine`.

    Return support (R, N) bool and votes (R,) int32.
    """
    cdef Py_ssize_t n = correspondences.shape[1], i
    if correspondences.shape[0] != 8:
        raise ShapeError(f"want correspondences (8, N), got {tuple(correspondences.shape)}")
    for i in range(rows.shape[0]):
        if not 0 <= rows[i] < n:
            raise ValueError(f"want rows of {n} correspondences, got {rows[i]}")
    support = np.empty((rows.shape[0], n), np.uint8)
    votes = np.empty(rows.shape[0], np.int32)
    cdef uint8_t[:, ::1] support_view = support
    cdef int32_t[::1] votes_view = votes
    cdef im_agreement limits = im_agreement(drift, ratio, cosine)
    cdef im_similarities all_
    if rows.shape[0]:
        all_ = im_similarities(
            n, &correspondences[0, 0], &correspondences[1, 0], &correspondences[2, 0],
            &correspondences[3, 0], &correspondences[4, 0], &correspondences[5, 0],
            &correspondences[6, 0], &correspondences[7, 0])
        with nogil:
            im_similarity_votes(&all_, &limits, &rows[0], rows.shape[0],
                                &support_view[0, 0], &votes_view[0])
    return support.view(np.bool_), votes


cdef extern from "plane.h" nogil:
    ctypedef enum im_model:
        IM_SIMILARITY, IM_AFFINE, IM_HOMOGRAPHY
    ctypedef struct im_pairs:
        size_t n
        const double *source
        const double *target
        const double *weights
    int im_fit(im_model, const im_pairs *, double *)
    void im_transfer_errors(const double *, const im_pairs *, double *)


cdef im_pairs _pairs(const double[:, ::1] source, const double[:, ::1] target) except *:
    """Check the shapes of paired points and point to them."""
    if source.shape[1] != 2 or target.shape[1] != 2 or source.shape[0] != target.shape[0]:
        raise ShapeError(
            "want points (N, 2) and (N, 2), "
            f"got {tuple(source.shape)[:2]} and {tuple(target.shape)[:2]}"
        )
    cdef im_pairs pairs = im_pairs(source.shape[0], NULL, NULL, NULL)
    if pairs.n:
        pairs.source, pairs.target = &source[0, 0], &target[0, 0]
    return pairs


def fit(int sample, const double[:, ::1] source, const double[:, ::1] target,
        const double[::1] weights):
    """Fit a transform (3, 3) to pairs of points by weighted least squares.

    `sample` is the number of pairs that determine the model: 2 for a similarity, 3 for
    an affine map, 4 for a homography. Return None if the points are degenerate or if
    the map folds the plane between the points whose weight is above 0.
    """
    cdef im_pairs pairs = _pairs(source, target)
    if not IM_SIMILARITY <= sample <= IM_HOMOGRAPHY:
        raise ValueError(f"want a sample of 2, 3 or 4, got {sample}")
    if <size_t>weights.shape[0] != pairs.n:
        raise ShapeError(f"want {pairs.n} weights, got {weights.shape[0]}")
    if not pairs.n:
        return None
    pairs.weights = &weights[0]
    homography = np.empty((3, 3))
    cdef double[:, ::1] view = homography
    cdef bint found
    with nogil:
        found = im_fit(<im_model>sample, &pairs, &view[0, 0])
    return homography if found else None


def transfer_errors(const double[:, ::1] homography, const double[:, ::1] source,
                    const double[:, ::1] target):
    """Return the distance (N,) of each mapped source point from its target point."""
    cdef im_pairs pairs = _pairs(source, target)
    if homography.shape[0] != 3 or homography.shape[1] != 3:
        raise ShapeError(f"want a homography (3, 3), got {tuple(homography.shape)[:2]}")
    errors = np.empty(pairs.n)
    cdef double[::1] view = errors
    if pairs.n:
        with nogil:
            im_transfer_errors(&homography[0, 0], &pairs, &view[0])
    return errors


# --- ORB --------------------------------------------------------------------

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
    """Find corners in a `level` (H, W) that has a border of ORB_BORDER pixels.

    Return (N, 4) float32: x, y in pixels of the level without its border, and cosine
    and sine of the direction. N is at most `quota`; the strongest corners of each grid
    cell come first.
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
    """Return descriptors (N, 4) uint64 of `keypoints` that `orb_detect` returned.

    `smooth` is the smoothed level with its border. With `mirrored`, the descriptors are
    those of the mirrored image at the mirrored keypoints.
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


# --- resampling ------------------------------------------------------------

cdef extern from "resample.h":
    enum: IM_RESAMPLE_TAPS, IM_RESAMPLE_SHIFT
    void im_resample(const uint8_t *, size_t, size_t, const int32_t *, const int16_t *,
                     size_t, size_t, int, uint8_t *) nogil


def resample(const uint8_t[:, ::1] grey, const int32_t[::1] starts,
             const int16_t[:, ::1] weights, *, int shift):
    """Filter the rows of `grey` (H, W). The result (T, H) uint8 is transposed.

    Row t is the sum of ``grey[:, starts[t] + i] * weights[t, i]`` over i, divided by
    2**shift, rounded and clipped to 0..255.
    """
    cdef size_t targets = weights.shape[0], taps = weights.shape[1]
    cdef Py_ssize_t t, last = grey.shape[1] - weights.shape[1]
    if (
        <size_t>starts.shape[0] != targets
        or not 0 < taps <= IM_RESAMPLE_TAPS
        or not 0 <= shift <= IM_RESAMPLE_SHIFT
    ):
        raise ValueError(
            f"want a start for each row of weights, 1 to {IM_RESAMPLE_TAPS} weights a "
            f"row and a shift of 0 to {IM_RESAMPLE_SHIFT}, got {starts.shape[0]} for "
            f"{targets} of {taps} and {shift}"
        )
    for t in range(starts.shape[0]):
        if not 0 <= starts[t] <= last:
            raise ValueError(f"row {t} of the filter reaches out of {grey.shape[1]} px")
    out = np.empty((targets, grey.shape[0]), np.uint8)
    cdef uint8_t[:, ::1] view = out
    if out.size:
        with nogil:
            im_resample(&grey[0, 0], grey.shape[0], grey.shape[1], &starts[0],
                        &weights[0, 0], targets, taps, shift, &view[0, 0])
    return out
