/* x86-64 with AVX-512 VPOPCNTDQ (Ice Lake, Zen 4 and later). */
#include "hamming.h"

#ifdef IM_X86
#include <immintrin.h>

#define IM_TARGET                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq,popcnt")))

enum { LANES = 8, VECTORS = 4, BATCH = LANES * VECTORS };

/* Distances of codes i .. i + 7. A code outside `lanes` is not read but taken as 0. */
IM_TARGET IM_INLINE __m512i distances_at(const uint64_t *query, const im_block *block,
                                         size_t i, __mmask8 lanes, size_t words) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t w = 0; w < words; w++) {
        const uint64_t *plane = block->planes + w * block->stride + i;
        __m512i code = lanes == 0xff ? _mm512_loadu_si512(plane)
                                     : _mm512_maskz_loadu_epi64(lanes, plane);
        __m512i bits = _mm512_xor_si512(code, _mm512_set1_epi64((long long)query[w]));
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(bits));
    }
    return sum;
}

IM_TARGET IM_INLINE size_t append(uint64_t *hits, __m512i distance, __mmask8 lanes,
                                  uint64_t index) {
    const __m512i lane = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    __m512i key = _mm512_add_epi64(_mm512_set1_epi64((long long)index), lane);
    key = _mm512_or_si512(key, _mm512_slli_epi64(distance, IM_INDEX_BITS));
    /* Compress in the register: a compressing store is slow on Zen 4. */
    _mm512_storeu_si512(hits, _mm512_maskz_compress_epi64(lanes, key));
    return (size_t)__builtin_popcount(lanes);
}

IM_TARGET IM_INLINE size_t select_words(const uint64_t *query, const im_block *block,
                                        uint32_t limit, uint64_t first, uint64_t *hits,
                                        size_t words) {
    const __m512i limits = _mm512_set1_epi64(limit);
    size_t n_hits = 0, i = 0;
    for (; i + BATCH <= block->n; i += BATCH) {
        __m512i batch[VECTORS];
        for (size_t v = 0; v < VECTORS; v++)
            batch[v] = distances_at(query, block, i + v * LANES, 0xff, words);
        __m512i least = _mm512_min_epu64(_mm512_min_epu64(batch[0], batch[1]),
                                         _mm512_min_epu64(batch[2], batch[3]));
        if (IM_RARELY(_mm512_cmple_epu64_mask(least, limits)))
            for (size_t v = 0; v < VECTORS; v++)
                n_hits += append(hits + n_hits, batch[v],
                                 _mm512_cmple_epu64_mask(batch[v], limits),
                                 first + i + v * LANES);
    }
    for (; i < block->n; i += LANES) {
        size_t left = block->n - i;
        __mmask8 lanes = left < LANES ? (__mmask8)((1u << left) - 1) : 0xff;
        __m512i distance = distances_at(query, block, i, lanes, words);
        n_hits += append(hits + n_hits, distance,
                         _mm512_mask_cmple_epu64_mask(lanes, distance, limits),
                         first + i);
    }
    return n_hits;
}

IM_TARGET static size_t select(const uint64_t *query, const im_block *block,
                               uint32_t limit, uint64_t first, uint64_t *hits) {
    return IM_BY_WIDTH(select_words, block->words, query, block, limit, first, hits);
}

IM_TARGET IM_INLINE int16_t distances_words(const uint64_t *query,
                                            const im_block *block, int16_t *out,
                                            size_t words) {
    __m512i least = _mm512_set1_epi64(INT16_MAX);
    size_t i = 0;
    for (; i + LANES <= block->n; i += LANES) {
        __m512i distance = distances_at(query, block, i, 0xff, words);
        least = _mm512_min_epu64(least, distance);
        _mm_storeu_si128((__m128i *)(out + i), _mm512_cvtepi64_epi16(distance));
    }
    if (i < block->n) {
        __mmask8 lanes = (__mmask8)((1u << (block->n - i)) - 1);
        __m512i distance = distances_at(query, block, i, lanes, words);
        least = _mm512_mask_min_epu64(least, lanes, least, distance);
        _mm_mask_storeu_epi16(out + i, lanes, _mm512_cvtepi64_epi16(distance));
    }
    return (int16_t)_mm512_reduce_min_epu64(least);
}

IM_TARGET static int16_t distances(const uint64_t *query, const im_block *block,
                                   int16_t *out) {
    return IM_BY_WIDTH(distances_words, block->words, query, block, out);
}

static int supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vpopcntdq") &&
           __builtin_cpu_supports("popcnt");
}

const im_kernel im_hamming_avx512 = {"avx512", supported, select, distances};
#else
typedef int im_not_x86; /* ISO C forbids an empty file */
#endif
