/* Plain C: the fallback kernel. All other kernels must agree with it. */
#define IM_TARGET
#include "hamming.h"

/* Count the bits without a special instruction: Warren, "Hacker's Delight", 5-2. Shifts
 * replace the last multiplication there: SSE2 has none for 64-bit lanes, and the
 * compiler could not vectorise. */
IM_INLINE uint64_t popcount(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    x += x >> 8;
    x += x >> 16;
    x += x >> 32;
    return x & 0x7f;
}

IM_INLINE int32_t popcount32(uint32_t x) {
    x -= x >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    x += x >> 8;
    x += x >> 16;
    return (int32_t)(x & 0x3f);
}

#include "hamming_scalar.h"

/* Largest limit at which one-word codes are first tested by a lower bound. The OR of
 * the two halves of the difference has at most as many bits as the whole, and counting
 * them costs half as much. The OR of random halves has 24 +- 2.4 of 32 bits set, so up
 * to this limit few batches need a full count. */
enum { FOLDED_LIMIT = 16 };

static size_t folded_select(const uint64_t *query, const im_block *block,
                            uint32_t limit, uint64_t first, uint64_t *hits) {
    enum { BATCH = 32 };
    size_t n_hits = 0, i = 0;
    for (; i + BATCH <= block->n; i += BATCH) {
        int32_t below = 0; /* negative once any bound is within the limit */
        for (size_t j = 0; j < BATCH; j++) {
            uint64_t bits = *query ^ block->planes[i + j];
            uint32_t folded = (uint32_t)bits | (uint32_t)(bits >> 32);
            below |= popcount32(folded) - (int32_t)limit - 1;
        }
        if (IM_RARELY(below < 0)) {
            im_block batch = {block->planes + i, block->stride, BATCH, 1};
            n_hits +=
                scalar_select(query, &batch, 0, limit, first + i, hits + n_hits, 1);
        }
    }
    return n_hits + scalar_select(query, block, i, limit, first, hits + n_hits, 1);
}

static size_t select(const uint64_t *query, const im_block *block, uint32_t limit,
                     uint64_t first, uint64_t *hits) {
    if (block->words == 1 && limit <= FOLDED_LIMIT)
        return folded_select(query, block, limit, first, hits);
    return IM_BY_WIDTH(scalar_select, block->words, query, block, 0, limit, first,
                       hits);
}

static int16_t distances(const uint64_t *query, const im_block *block, int16_t *out) {
    return IM_BY_WIDTH(scalar_distances, block->words, query, block, 0, out);
}

static int supported(void) { return 1; }

const im_kernel im_hamming_portable = {"portable", supported, select, distances};
