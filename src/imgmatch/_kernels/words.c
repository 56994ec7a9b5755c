#include "words.h"

#include <stdlib.h>

enum { NIBBLES = 64 };

/* Not inlined: else compilers interchange the two loops and add sum by sum. */
#if defined(__GNUC__) || defined(__clang__)
#define IM_NO_INLINE __attribute__((noinline))
#elif defined(_MSC_VER)
#define IM_NO_INLINE __declspec(noinline)
#else
#define IM_NO_INLINE
#endif


IM_NO_INLINE static void add(int16_t *restrict sums, const int16_t *restrict row) {
    for (int i = 0; i < IM_PROJECTIONS; i++) sums[i] = (int16_t)(sums[i] + row[i]);
}

static void project(const uint64_t *descriptor, const int16_t *table, int16_t *sums) {
    const int16_t *thresholds = table + NIBBLES * 16 * IM_PROJECTIONS;
    for (int i = 0; i < IM_PROJECTIONS; i++) sums[i] = (int16_t)-thresholds[i];
    for (int nibble = 0; nibble < NIBBLES; nibble++) {
        uint64_t value = descriptor[nibble / 16] >> nibble % 16 * 4 & 15;
        add(sums, table + ((size_t)nibble * 16 + value) * IM_PROJECTIONS);
    }
}

im_word im_word_of(const uint64_t *descriptor, const int16_t *table) {
    int16_t sums[IM_PROJECTIONS];
    project(descriptor, table, sums);
    im_word word = {0};
    for (int i = 0; i < IM_WORD_BITS; i++) {
        word.word |= (uint32_t)(sums[i] > 0) << i;
        word.margins[i] = (int16_t)(sums[i] < 0 ? -sums[i] : sums[i]);
    }
    for (int i = 0; i < IM_SIGNATURE_BITS; i++)
        word.signature |= (uint64_t)(sums[IM_WORD_BITS + i] > 0) << i;
    return word;
}

/* A set of bits to turn is one number: the sum of their margins in the high bits, the
 * bits themselves in the low bits. Sets then sort by cost; one addition adds a bit. */
enum { COST = 32 };

static void sort_bits(uint64_t *bits) {
    for (int i = 1; i < IM_WORD_BITS; i++) {
        uint64_t bit = bits[i];
        int at = i;
        for (; at && bits[at - 1] > bit; at--) bits[at] = bits[at - 1];
        bits[at] = bit;
    }
}

/* Merge n sets, ascending, with the same sets plus one bit. */
static size_t with_bit(const uint64_t *sets, size_t n, uint64_t bit, size_t limit,
                       uint64_t *out) {
    size_t plain = 0, turned = 0, m = 2 * n < limit ? 2 * n : limit;
    for (size_t i = 0; i < m; i++) { /* no branches: they would be unpredictable */
        uint64_t a = plain < n ? sets[plain] : UINT64_MAX;
        uint64_t b = sets[turned] + bit;
        int first = a < b;
        out[i] = first ? a : b;
        plain += (size_t)first;
        turned += (size_t)!first;
    }
    return m;
}

size_t im_word_probes(const im_word *word, size_t limit, uint32_t *probes) {
    uint64_t bits[IM_WORD_BITS], room[2][IM_MAX_PROBES + 1];
    for (int i = 0; i < IM_WORD_BITS; i++)
        bits[i] = (uint64_t)word->margins[i] << COST | (uint64_t)1 << i;
    sort_bits(bits);

    uint64_t *sets = room[0], *spare = room[1];
    size_t n = limit ? 1 : 0;
    sets[0] = 0;
    for (int i = 0; i < IM_WORD_BITS && n; i++) {
        if (n == limit && sets[n - 1] < bits[i]) break; /* later bits cost even more */
        n = with_bit(sets, n, bits[i], limit, spare);
        uint64_t *swap = sets;
        sets = spare;
        spare = swap;
    }
    for (size_t i = 0; i < n; i++) probes[i] = word->word ^ (uint32_t)sets[i];
    return n;
}
