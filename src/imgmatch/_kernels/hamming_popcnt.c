/* x86-64 with POPCNT (Nehalem, Barcelona and later). */
#include "hamming.h"

#ifdef IM_X86
#define IM_TARGET __attribute__((target("popcnt")))

IM_TARGET IM_INLINE uint64_t popcount(uint64_t x) {
    return (uint64_t)__builtin_popcountll(x);
}

#include "hamming_loops.h"

static int supported(void) { return __builtin_cpu_supports("popcnt"); }

const im_kernel im_hamming_popcnt = {"popcnt", supported, select, distances};
#else
typedef int im_not_x86; /* ISO C wants something in every file */
#endif
