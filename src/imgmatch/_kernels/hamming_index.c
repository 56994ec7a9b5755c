/* Build a multi-index. */
#include "hamming_index.h"

#include <stdlib.h>
#include <string.h>

#include "hamming_substring.h"

size_t im_index_starts(size_t words, size_t tables) {
    size_t sum = 0;
    for (size_t t = 0; t < tables; t++)
        sum += ((size_t)1 << im_substring_of(words, tables, t).bits) + 1;
    return sum;
}

/* Write the order of the codes by one substring, and where each of its values starts.
 * This is a counting sort of the values. A first pass sorts by their upper bits, so
 * that the buckets of the second pass stay in cache. `pairs` has room for n. */
static void sort_by(im_substring part, const uint64_t *codes, size_t n, size_t words,
                    uint32_t *starts, uint32_t *order, uint64_t *pairs) {
    enum { CUT_BITS = 10 };
    const size_t buckets = (size_t)1 << part.bits;
    const size_t shift = part.bits > CUT_BITS ? part.bits - CUT_BITS : 0;
    size_t place[((size_t)1 << CUT_BITS) + 1] = {0};
    for (size_t i = 0; i < n; i++)
        place[(im_substring_value(part, codes + i * words, 1) >> shift) + 1]++;
    for (size_t c = 0; c < (size_t)1 << CUT_BITS; c++) place[c + 1] += place[c];
    for (size_t i = 0; i < n; i++) {
        uint64_t value = im_substring_value(part, codes + i * words, 1);
        pairs[place[value >> shift]++] = value << 32 | i;
    }

    memset(starts, 0, (buckets + 1) * sizeof *starts);
    for (size_t i = 0; i < n; i++) starts[(pairs[i] >> 32) + 1]++;
    for (size_t b = 0; b < buckets; b++) starts[b + 1] += starts[b];
    /* Filling a bucket moves its start to its end, which is the next bucket's start. */
    for (size_t i = 0; i < n; i++)
        order[starts[pairs[i] >> 32]++] = (uint32_t)pairs[i];
    memmove(starts + 1, starts, buckets * sizeof *starts);
    starts[0] = 0;
}

static void gather(const uint64_t *codes, const uint32_t *rows, size_t n, size_t words,
                   uint64_t *sorted) {
    enum { AHEAD = 16 };
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) IM_PREFETCH(codes + rows[i + AHEAD] * words);
        memcpy(sorted + i * words, codes + rows[i] * words, words * sizeof *codes);
    }
}

int im_index_build(const uint64_t *codes, size_t n, size_t words, size_t tables,
                   uint64_t *sorted, uint32_t *rows, uint32_t *positions,
                   uint32_t *starts) {
    uint64_t *pairs = malloc((n + 1) * sizeof *pairs);
    if (!pairs) return IM_NO_MEMORY;
    for (size_t t = 0; t < tables; t++) {
        im_substring part = im_substring_of(words, tables, t);
        if (t == 0) {
            sort_by(part, codes, n, words, starts, rows, pairs);
            gather(codes, rows, n, words, sorted);
        } else {
            uint32_t *order = positions + (t - 1) * n;
            sort_by(part, sorted, n, words, starts, order, pairs);
        }
        starts += ((size_t)1 << part.bits) + 1;
    }
    free(pairs);
    return 0;
}
