/* x86-64 with AVX2 (Haswell, Zen and later). */
#include "hamming.h"

#ifdef IM_X86
#include <immintrin.h>

#define IM_TARGET __attribute__((target("avx2,popcnt")))

IM_TARGET IM_INLINE uint64_t popcount(uint64_t x) {
    return (uint64_t)__builtin_popcountll(x);
}

#include "hamming_scalar.h"

enum { LANES = 16, BATCH = 2 * LANES };

/* Count the bits of each byte by looking up its two halves in a table: Mula, Kurz,
 * Lemire, "Faster population counts using AVX2 instructions", 2018. */
IM_TARGET IM_INLINE __m256i popcount_bytes(__m256i x) {
    const __m256i table =
        _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1,
                         2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15);
    __m256i lower = _mm256_shuffle_epi8(table, _mm256_and_si256(x, low));
    x = _mm256_and_si256(_mm256_srli_epi16(x, 4), low);
    return _mm256_add_epi8(lower, _mm256_shuffle_epi8(table, x));
}

/* Distances of codes i .. i + 15 as 16-bit lanes. */
IM_TARGET IM_INLINE __m256i distances_at(const uint64_t *query, const im_block *block,
                                         size_t i, size_t words) {
    __m256i sum[4]; /* four codes each */
    for (int v = 0; v < 4; v++) sum[v] = _mm256_setzero_si256();
    for (size_t start = 0; start < words; start += 31) { /* 31 * 8 bits fit a byte */
        size_t stop = words - start < 31 ? words : start + 31;
        __m256i bytes[4];
        for (int v = 0; v < 4; v++) bytes[v] = _mm256_setzero_si256();
        for (size_t w = start; w < stop; w++) {
            const uint64_t *plane = block->planes + w * block->stride + i;
            __m256i word = _mm256_set1_epi64x((long long)query[w]);
            for (int v = 0; v < 4; v++) {
                __m256i code = _mm256_loadu_si256((const __m256i *)(plane + 4 * v));
                __m256i bits = _mm256_xor_si256(word, code);
                bytes[v] = _mm256_add_epi8(bytes[v], popcount_bytes(bits));
            }
        }
        for (int v = 0; v < 4; v++)
            sum[v] = _mm256_add_epi64(
                sum[v], _mm256_sad_epu8(bytes[v], _mm256_setzero_si256()));
    }
    /* Pack 64-bit lanes into 16-bit lanes; then undo that packing interleaves the
     * 128-bit halves. */
    __m256i all = _mm256_packus_epi32(_mm256_packus_epi32(sum[0], sum[1]),
                                      _mm256_packus_epi32(sum[2], sum[3]));
    return _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

IM_TARGET IM_INLINE size_t select_words(const uint64_t *query, const im_block *block,
                                        uint32_t limit, uint64_t first, uint64_t *hits,
                                        size_t words) {
    const __m256i limits = _mm256_set1_epi16((int16_t)limit);
    size_t n_hits = 0, i = 0;
    for (; i + BATCH <= block->n; i += BATCH) {
        __m256i low = distances_at(query, block, i, words);
        __m256i high = distances_at(query, block, i + LANES, words);
        __m256i beyond = _mm256_cmpgt_epi16(_mm256_min_epi16(low, high), limits);
        if (IM_RARELY(_mm256_movemask_epi8(beyond) != -1)) {
            int16_t batch[BATCH];
            _mm256_storeu_si256((__m256i *)batch, low);
            _mm256_storeu_si256((__m256i *)(batch + LANES), high);
            for (size_t j = 0; j < BATCH; j++)
                if (batch[j] <= (int16_t)limit)
                    hits[n_hits++] = im_key((uint64_t)batch[j], first + i + j);
        }
    }
    return n_hits +
           scalar_select(query, block, i, limit, first, hits + n_hits, words);
}

IM_TARGET static size_t select(const uint64_t *query, const im_block *block,
                               uint32_t limit, uint64_t first, uint64_t *hits) {
    return IM_BY_WIDTH(select_words, block->words, query, block, limit, first, hits);
}

IM_TARGET IM_INLINE int16_t distances_words(const uint64_t *query,
                                            const im_block *block, int16_t *out,
                                            size_t words) {
    __m256i lanes = _mm256_set1_epi16(INT16_MAX);
    size_t i = 0;
    for (; i + LANES <= block->n; i += LANES) {
        __m256i distance = distances_at(query, block, i, words);
        lanes = _mm256_min_epi16(lanes, distance);
        _mm256_storeu_si256((__m256i *)(out + i), distance);
    }
    __m128i half = _mm_min_epi16(_mm256_castsi256_si128(lanes),
                                 _mm256_extracti128_si256(lanes, 1));
    int16_t least = (int16_t)_mm_cvtsi128_si32(_mm_minpos_epu16(half));
    int16_t tail = scalar_distances(query, block, i, out, words);
    return tail < least ? tail : least;
}

IM_TARGET static int16_t distances(const uint64_t *query, const im_block *block,
                                   int16_t *out) {
    return IM_BY_WIDTH(distances_words, block->words, query, block, out);
}

static int supported(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}

const im_kernel im_hamming_avx2 = {"avx2", supported, select, distances};
#else
typedef int im_not_x86; /* ISO C forbids an empty file */
#endif
