# cython: language_level=3
"""Cython bindings of the inverted file; the modules of this package document it."""

import numpy as np

from imgmatch.errors import ShapeError

from imgmatch._core cimport im_kernel, kernel_called
from libc.stddef cimport ptrdiff_t, size_t
from libc.stdint cimport int16_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy


cdef extern from "words.h" nogil:
    enum: IM_WORD_BITS, IM_PROJECTIONS, IM_TABLE_ROWS, IM_MAX_PROBES
    ctypedef struct im_word:
        uint64_t signature
        uint32_t word
    im_word im_word_of(const uint64_t *, const int16_t *)
    size_t im_word_probes(const im_word *, size_t, uint32_t *)


cdef extern from "postings.h" nogil:
    enum: IM_CODE_BITS, IM_POSITION_BITS, IM_SCALE_BITS, IM_ANGLE_BITS, IM_SCALE_STEPS
    enum: IM_SCALE_LEAST
    ctypedef struct im_postings:
        const uint64_t *codes
        const uint32_t *rows
        const uint32_t *keypoints
        const uint32_t *starts
        const uint8_t *live
        size_t n, n_rows
        uint32_t first
        int shift
    ctypedef struct im_keypoint:
        pass
    ctypedef struct im_suspect:
        const uint64_t (*descriptors)[4]
        const im_keypoint *keypoints
        size_t n, mirrored
    ctypedef struct im_effort:
        size_t probes, postings, votes
        uint32_t distance
    ctypedef struct im_vote:
        pass
    ctypedef struct im_votes:
        im_vote *items
        size_t n, room
    ctypedef struct im_candidate:
        pass
    int im_postings_search(const im_postings *, size_t, const im_suspect *,
                           const int16_t *, const im_effort *, const im_kernel *,
                           im_votes *)
    ptrdiff_t im_postings_rank(im_votes *, const im_suspect *, size_t, im_candidate *)
    ptrdiff_t im_postings_merge(const im_postings *, size_t, const uint32_t *const *,
                                int, size_t, uint64_t *, uint32_t *, uint32_t *,
                                uint32_t *)


WORD_BITS = IM_WORD_BITS
CODE_BITS = IM_CODE_BITS
POSITION_BITS = IM_POSITION_BITS
SCALE_BITS = IM_SCALE_BITS
SCALE_STEPS = IM_SCALE_STEPS
SCALE_LEAST = IM_SCALE_LEAST
ANGLE_BITS = IM_ANGLE_BITS
MAX_PROBES = IM_MAX_PROBES

_VOTE = np.dtype([("key", "u4"), ("keypoint", "u4"), ("query", "u2"), ("distance", "u2")])
_CANDIDATE = np.dtype([("key", "u4"), ("votes", "u2"), ("agreeing", "u2")])


cdef int _shift_of(const uint32_t[::1] starts):
    """Low bits of a word that `starts` drops; above IM_CODE_BITS if no number fits."""
    cdef int shift = 0
    while shift <= IM_CODE_BITS and (1 << (IM_WORD_BITS - shift)) + 1 != starts.shape[0]:
        shift += 1
    return shift


cdef _check_table(const int16_t[:, ::1] table):
    if table.shape[0] != IM_TABLE_ROWS or table.shape[1] != IM_PROJECTIONS:
        raise ShapeError(f"want a table ({IM_TABLE_ROWS}, {IM_PROJECTIONS}), "
                         f"got {tuple(table.shape)}")


def words(const uint64_t[:, ::1] descriptors, const int16_t[:, ::1] table):
    """Return words (N,) uint32 and signatures (N,) uint64 of descriptors (N, 4)."""
    _check_table(table)
    if descriptors.shape[1] != 4:
        raise ShapeError(f"want descriptors (N, 4), got {tuple(descriptors.shape)}")
    cdef Py_ssize_t n = descriptors.shape[0], i
    found, signatures = np.empty(n, np.uint32), np.empty(n, np.uint64)
    cdef uint32_t[::1] words_view = found
    cdef uint64_t[::1] signatures_view = signatures
    cdef im_word word
    with nogil:
        for i in range(n):
            word = im_word_of(&descriptors[i, 0], &table[0, 0])
            words_view[i] = word.word
            signatures_view[i] = word.signature
    return found, signatures


def word_probes(const uint64_t[::1] descriptor, const int16_t[:, ::1] table, size_t n):
    """Return at most `n` words that a copy of a descriptor (4,) may have."""
    _check_table(table)
    if descriptor.shape[0] != 4 or n > IM_MAX_PROBES:
        raise ShapeError(f"want a descriptor (4,) and up to {IM_MAX_PROBES} probes, "
                         f"got {tuple(descriptor.shape)} and {n}")
    probes = np.empty(IM_MAX_PROBES, np.uint32)
    cdef uint32_t[::1] view = probes
    cdef im_word word = im_word_of(&descriptor[0], &table[0, 0])
    return probes[:im_word_probes(&word, n, &view[0])]


cdef class Postings:
    """The inverted files of all parts, ready to be searched or merged.

    `parts` are tuples (codes, rows, keypoints, starts, live): the arrays of
    `im_postings`. Only the lengths of the arrays are read and checked.
    """

    cdef im_postings *parts
    cdef size_t n_parts
    cdef uint64_t n_rows
    cdef list arrays

    def __cinit__(self, parts):
        if len(parts) >= 1 << 16:
            raise ShapeError(f"want fewer than {1 << 16} parts, got {len(parts)}")
        self.arrays = []
        self.parts = <im_postings *>calloc(len(parts) + 1, sizeof(im_postings))
        if self.parts == NULL:
            raise MemoryError
        for codes, rows, keypoints, starts, live in parts:
            self._append(codes, rows, keypoints, starts, live)

    def __dealloc__(self):
        free(self.parts)

    cdef _append(self, const uint64_t[::1] codes, const uint32_t[::1] rows,
                 const uint32_t[::1] keypoints, const uint32_t[::1] starts,
                 const uint8_t[::1] live):
        cdef size_t n = codes.shape[0]
        cdef int shift = _shift_of(starts)
        if (
            <size_t>rows.shape[0] != n
            or <size_t>keypoints.shape[0] != n
            or shift > IM_CODE_BITS
            or self.n_rows + live.shape[0] >= 1 << 31
        ):
            raise ShapeError(f"want the arrays of one inverted file of {n} postings")
        cdef im_postings *part = self.parts + self.n_parts
        part.starts = &starts[0]
        part.n = n
        part.n_rows = live.shape[0]
        part.first = <uint32_t>self.n_rows
        part.shift = shift
        if n:
            part.codes = &codes[0]
            part.rows = &rows[0]
            part.keypoints = &keypoints[0]
        if part.n_rows:
            part.live = &live[0]
        self.arrays.append((codes, rows, keypoints, starts, live))
        self.n_parts += 1
        self.n_rows += live.shape[0]

    cdef _search(self, im_suspect *suspect, const uint64_t[:, ::1] descriptors,
                 const float[:, ::1] keypoints, size_t mirrored,
                 const int16_t[:, ::1] table, effort, const im_kernel *run,
                 im_votes *votes):
        _check_table(table)
        cdef size_t n = descriptors.shape[0]
        if (
            descriptors.shape[1] != 4
            or keypoints.shape[1] != 4
            or <size_t>keypoints.shape[0] != n
            or n >= 1 << 16
        ):
            raise ShapeError(f"want descriptors (N, 4) and keypoints (N, 4), got "
                             f"{tuple(descriptors.shape)} and {tuple(keypoints.shape)}")
        cdef im_effort limits = im_effort(effort["probes"], effort["postings"],
                                          effort["votes"], effort["distance"])
        if limits.probes > IM_MAX_PROBES or limits.distance > 64:
            raise ShapeError(f"want at most {IM_MAX_PROBES} probes, got {effort}")
        suspect.n = n
        suspect.mirrored = mirrored
        if not n:
            return
        suspect.descriptors = <const uint64_t (*)[4]>&descriptors[0, 0]
        suspect.keypoints = <const im_keypoint *>&keypoints[0, 0]
        cdef int status
        with nogil:
            status = im_postings_search(self.parts, self.n_parts, suspect, &table[0, 0],
                                        &limits, run, votes)
        if status:
            raise MemoryError

    def votes(self, descriptors, keypoints, size_t mirrored, table, *, dict effort,
              kernel=None):
        """Return the postings that are similar to a suspect's descriptors, as records.

        See `im_suspect` and `im_effort` for the arguments, `im_vote` for the records.
        """
        cdef im_suspect suspect
        cdef im_votes votes = im_votes(NULL, 0, 0)
        cdef char[::1] view
        try:
            self._search(&suspect, descriptors, keypoints, mirrored, table, effort,
                         kernel_called(kernel), &votes)
            out = np.empty(votes.n, _VOTE)
            if votes.n:
                view = out.view(np.int8)
                memcpy(&view[0], votes.items, votes.n * sizeof(im_vote))
            return out
        finally:
            free(votes.items)

    def search(self, descriptors, keypoints, size_t mirrored, table, *, dict effort,
               size_t least, kernel=None):
        """Return three arrays (M,): numbers of originals, their votes, agreeing votes.

        In any order. Originals are numbered through all parts. An original may appear
        twice: upright and mirrored. Agreeing votes support the same similarity
        transform; each original has at least `least` of them. At most 256 votes of an
        original are counted.
        """
        cdef im_suspect suspect
        cdef im_votes votes = im_votes(NULL, 0, 0)
        cdef char[::1] view
        cdef ptrdiff_t n = 0
        try:
            self._search(&suspect, descriptors, keypoints, mirrored, table, effort,
                         kernel_called(kernel), &votes)
            out = np.empty(votes.n // max(least, 1) + 1, _CANDIDATE)
            view = out.view(np.int8)
            if votes.n:
                with nogil:
                    n = im_postings_rank(&votes, &suspect, least,
                                         <im_candidate *>&view[0])
            if n < 0:
                raise MemoryError
            out = out[:n]
            return out["key"] >> 1, out["votes"], out["agreeing"]
        finally:
            free(votes.items)

    def merge_into(self, names, uint64_t[::1] codes, uint32_t[::1] rows,
                   uint32_t[::1] keypoints, uint32_t[::1] starts):
        """Write the postings of all parts as one part; return how many there are.

        ``names[p]`` (N,) uint32 are the new rows of part p; 2**32 - 1 drops a row.
        """
        cdef int shift = _shift_of(starts)
        cdef size_t room = codes.shape[0], p
        if (
            <size_t>rows.shape[0] != room
            or <size_t>keypoints.shape[0] != room
            or shift > IM_CODE_BITS
            or len(names) != <Py_ssize_t>self.n_parts
        ):
            raise ShapeError("want room for the arrays of one inverted file")
        cdef const uint32_t[::1] view
        cdef const uint32_t **pointers = <const uint32_t **>malloc(
            (self.n_parts + 1) * sizeof(uint32_t *))
        cdef ptrdiff_t n = 0
        if pointers == NULL:
            raise MemoryError
        try:
            for p in range(self.n_parts):
                view = names[p]
                if <size_t>view.shape[0] != self.parts[p].n_rows:
                    raise ShapeError(f"want {self.parts[p].n_rows} names, "
                                     f"got {view.shape[0]}")
                pointers[p] = &view[0] if view.shape[0] else NULL
            with nogil:
                n = im_postings_merge(self.parts, self.n_parts, pointers, shift, room,
                                      &codes[0] if room else NULL,
                                      &rows[0] if room else NULL,
                                      &keypoints[0] if room else NULL, &starts[0])
        finally:
            free(pointers)
        if n < 0:
            raise MemoryError
        return n
