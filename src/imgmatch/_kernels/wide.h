/* Macros to compile loops for SIMD registers wider than the baseline's 16 bytes. */
#ifndef IM_WIDE_H
#define IM_WIDE_H

#include <stdint.h> /* defines __GLIBC__ if the C library is glibc */

#if defined(__GNUC__) || defined(__clang__)
#define IM_INLINE static inline __attribute__((always_inline))
#else
#define IM_INLINE static inline
#endif

/* Compile a function, with the IM_INLINE functions that it calls, also for AVX2. The
 * loader picks one version. This needs GCC (Clang before 18 gives such a function
 * another name) and glibc. It does not work with the address sanitizer, because the
 * loader picks before the sanitizer is ready. AVX2 has no fused multiply-add, so both
 * versions give the same results, bit for bit. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) &&                  \
    defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define IM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define IM_WIDE
#endif

#endif
