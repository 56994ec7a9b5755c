"""Declarations of `_core` that other compiled modules import."""

cdef extern from "hamming.h" nogil:
    ctypedef struct im_kernel:
        const char *name
        int (*supported)()


cdef const im_kernel *kernel_called(name) except NULL
