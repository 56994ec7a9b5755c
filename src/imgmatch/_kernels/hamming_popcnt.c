/* x86-64 with POPCNT (Nehalem, Barcelona and later). */
#include "hamming.h"

#ifdef IM_X86
#define IM_TARGET __attribute__((target("popcnt")))

IM_TARGET IM_INLINE uint64_t popcount(uint64_t x) {
    return (uint64_t)__builtin_popcountll(x);
}

#include "hamming_scalar.h"

IM_TARGET static size_t select(const uint64_t *query, const im_block *block,
                               uint32_t limit, uint64_t first, uint64_t *hits) {
    return IM_BY_WIDTH(scalar_select, block->words, query, block, 0, limit, first,
                       hits);
}

IM_TARGET static int16_t distances(const uint64_t *query, const im_block *block,
                                   int16_t *out) {
    return IM_BY_WIDTH(scalar_distances, block->words, query, block, 0, out);
}

static int supported(void) { return __builtin_cpu_supports("popcnt"); }

const im_kernel im_hamming_popcnt = {"popcnt", supported, select, distances};
#else
typedef int im_not_x86; /* ISO C forbids an empty file */
#endif
