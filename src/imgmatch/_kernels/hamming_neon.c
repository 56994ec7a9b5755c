/* arm64; NEON is part of its baseline. */
#include "hamming.h"

#ifdef IM_ARM64
#include <arm_neon.h>

#define IM_TARGET

IM_INLINE uint64_t popcount(uint64_t x) {
    return vaddv_u8(vcnt_u8(vcreate_u8(x)));
}

#include "hamming_scalar.h"

enum { LANES = 8, BATCH = 4 * LANES };

/* Distances of codes i .. i + 7 as 16-bit lanes. */
IM_INLINE uint16x8_t distances_at(const uint64_t *query, const im_block *block,
                                  size_t i, size_t words) {
    uint16x8_t sum = vdupq_n_u16(0);
    for (size_t start = 0; start < words; start += 7) { /* 7 * 32 bits fit a byte */
        size_t stop = words - start < 7 ? words : start + 7;
        uint8x16_t bytes[4]; /* two codes each */
        for (int v = 0; v < 4; v++) bytes[v] = vdupq_n_u8(0);
        for (size_t w = start; w < stop; w++) {
            const uint64_t *plane = block->planes + w * block->stride + i;
            uint64x2_t word = vdupq_n_u64(query[w]);
            for (int v = 0; v < 4; v++) {
                uint64x2_t bits = veorq_u64(word, vld1q_u64(plane + 2 * v));
                bytes[v] = vaddq_u8(bytes[v], vcntq_u8(vreinterpretq_u8_u64(bits)));
            }
        }
        /* Two pairwise additions leave two bytes for each code; a third adds both to
         * the code's lane. */
        uint8x16_t low = vpaddq_u8(bytes[0], bytes[1]);
        uint8x16_t high = vpaddq_u8(bytes[2], bytes[3]);
        sum = vpadalq_u8(sum, vpaddq_u8(low, high));
    }
    return sum;
}

IM_INLINE size_t select_words(const uint64_t *query, const im_block *block,
                              uint32_t limit, uint64_t first, uint64_t *hits,
                              size_t words) {
    size_t n_hits = 0, i = 0;
    for (; i + BATCH <= block->n; i += BATCH) {
        uint16x8_t batch[4];
        for (int v = 0; v < 4; v++)
            batch[v] = distances_at(query, block, i + (size_t)v * LANES, words);
        uint16x8_t least = vminq_u16(vminq_u16(batch[0], batch[1]),
                                     vminq_u16(batch[2], batch[3]));
        if (IM_RARELY(vminvq_u16(least) <= limit)) {
            uint16_t distance[BATCH];
            for (int v = 0; v < 4; v++) vst1q_u16(distance + v * LANES, batch[v]);
            for (size_t j = 0; j < BATCH; j++)
                if (distance[j] <= limit)
                    hits[n_hits++] = im_key(distance[j], first + i + j);
        }
    }
    return n_hits +
           scalar_select(query, block, i, limit, first, hits + n_hits, words);
}

static size_t select(const uint64_t *query, const im_block *block, uint32_t limit,
                     uint64_t first, uint64_t *hits) {
    return IM_BY_WIDTH(select_words, block->words, query, block, limit, first, hits);
}

IM_INLINE int16_t distances_words(const uint64_t *query, const im_block *block,
                                  int16_t *out, size_t words) {
    int16x8_t lanes = vdupq_n_s16(INT16_MAX);
    size_t i = 0;
    for (; i + LANES <= block->n; i += LANES) {
        int16x8_t distance =
            vreinterpretq_s16_u16(distances_at(query, block, i, words));
        lanes = vminq_s16(lanes, distance);
        vst1q_s16(out + i, distance);
    }
    int16_t least = vminvq_s16(lanes);
    int16_t tail = scalar_distances(query, block, i, out, words);
    return tail < least ? tail : least;
}

static int16_t distances(const uint64_t *query, const im_block *block, int16_t *out) {
    return IM_BY_WIDTH(distances_words, block->words, query, block, out);
}

static int supported(void) { return 1; }

const im_kernel im_hamming_neon = {"neon", supported, select, distances};
#else
typedef int im_not_arm64; /* ISO C forbids an empty file */
#endif
