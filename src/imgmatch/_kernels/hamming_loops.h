/* A kernel's two loops in plain C, around the 64-bit `popcount` that the file
 * including this has defined. IM_TARGET is the function attribute that enables
 * its instructions. The compiler unrolls one- and four-word codes. */
#include "hamming.h"

enum { IM_BATCH = 16 };

IM_TARGET IM_INLINE uint64_t distance_at(const uint64_t *query, const im_block *block,
                                         size_t i, size_t words) {
    uint64_t sum = 0;
    for (size_t w = 0; w < words; w++)
        sum += popcount(query[w] ^ block->planes[w * block->stride + i]);
    return sum;
}

IM_TARGET IM_INLINE size_t select_words(const uint64_t *query, const im_block *block,
                                        uint32_t limit, uint64_t first, uint64_t *hits,
                                        size_t words) {
    size_t n_hits = 0, i = 0;
    for (; i + IM_BATCH <= block->n; i += IM_BATCH) {
        uint64_t batch[IM_BATCH];
        for (size_t j = 0; j < IM_BATCH; j++)
            batch[j] = distance_at(query, block, i + j, words);
        for (size_t j = 0; j < IM_BATCH; j++)
            if (IM_RARELY(batch[j] <= limit))
                hits[n_hits++] = im_key(batch[j], first + i + j);
    }
    for (; i < block->n; i++) {
        uint64_t distance = distance_at(query, block, i, words);
        if (distance <= limit) hits[n_hits++] = im_key(distance, first + i);
    }
    return n_hits;
}

IM_TARGET static size_t select(const uint64_t *query, const im_block *block,
                               uint32_t limit, uint64_t first, uint64_t *hits) {
    if (block->words == 1) return select_words(query, block, limit, first, hits, 1);
    if (block->words == 4) return select_words(query, block, limit, first, hits, 4);
    return select_words(query, block, limit, first, hits, block->words);
}

IM_TARGET IM_INLINE int16_t distances_words(const uint64_t *query,
                                            const im_block *block, int16_t *out,
                                            size_t words) {
    int16_t least = INT16_MAX;
    for (size_t i = 0; i < block->n; i++) {
        out[i] = (int16_t)distance_at(query, block, i, words);
        least = out[i] < least ? out[i] : least;
    }
    return least;
}

IM_TARGET static int16_t distances(const uint64_t *query, const im_block *block,
                                   int16_t *out) {
    if (block->words == 4) return distances_words(query, block, out, 4);
    return distances_words(query, block, out, block->words);
}
