/* Loops that the compiler makes SIMD of, for more than the baseline's 16 bytes. */
#ifndef IM_WIDE_H
#define IM_WIDE_H

#include <stdint.h> /* says whether the C library is glibc */

#if defined(__GNUC__) || defined(__clang__)
#define IM_INLINE static inline __attribute__((always_inline))
#else
#define IM_INLINE static inline
#endif

/* A function, with the IM_INLINE ones that it calls, is compiled for AVX2 as well, and
 * the loader picks: that takes GCC (Clang before 18 gives such a function another name)
 * and glibc, and comes too early for the address sanitizer. Fused multiplications are
 * no part of AVX2, so results are the same bit for bit. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) &&                  \
    defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define IM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define IM_WIDE
#endif

#endif
