/* Loops over single codes. They use the 64-bit `popcount` that the including file
 * defines. They are complete kernels, and the tails of vector kernels. IM_TARGET is the
 * function attribute that enables the instructions of the including file. */
#include "hamming.h"

IM_TARGET IM_INLINE uint64_t distance_at(const uint64_t *query, const im_block *block,
                                         size_t i, size_t words) {
    uint64_t sum = 0;
    for (size_t w = 0; w < words; w++)
        sum += popcount(query[w] ^ block->planes[w * block->stride + i]);
    return sum;
}

/* im_kernel.select for the codes from i on. */
IM_TARGET IM_INLINE size_t scalar_select(const uint64_t *query, const im_block *block,
                                         size_t i, uint32_t limit, uint64_t first,
                                         uint64_t *hits, size_t words) {
    enum { BATCH = 16 }; /* count, then test: so counting can be vectorised */
    size_t n_hits = 0;
    for (; i + BATCH <= block->n; i += BATCH) {
        uint64_t batch[BATCH];
        for (size_t j = 0; j < BATCH; j++)
            batch[j] = distance_at(query, block, i + j, words);
        for (size_t j = 0; j < BATCH; j++)
            if (IM_RARELY(batch[j] <= limit))
                hits[n_hits++] = im_key(batch[j], first + i + j);
    }
    for (; i < block->n; i++) {
        uint64_t distance = distance_at(query, block, i, words);
        if (distance <= limit) hits[n_hits++] = im_key(distance, first + i);
    }
    return n_hits;
}

/* im_kernel.distances for the codes from i on. */
IM_TARGET IM_INLINE int16_t scalar_distances(const uint64_t *query,
                                             const im_block *block, size_t i,
                                             int16_t *out, size_t words) {
    int16_t least = INT16_MAX;
    for (; i < block->n; i++) {
        out[i] = (int16_t)distance_at(query, block, i, words);
        least = out[i] < least ? out[i] : least;
    }
    return least;
}
