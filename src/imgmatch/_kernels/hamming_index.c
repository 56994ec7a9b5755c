/* Laying a multi-index out. */
#include "hamming_index.h"

#include <string.h>

#include "hamming_substring.h"

size_t im_index_starts(size_t words, size_t tables) {
    size_t sum = 0;
    for (size_t t = 0; t < tables; t++)
        sum += ((size_t)1 << im_substring_of(words, tables, t).bits) + 1;
    return sum;
}

/* Counting sort of `n` codes by one substring: which code comes where. */
static void sort_by(im_substring part, const uint64_t *codes, size_t n, size_t words,
                    uint32_t *starts, uint32_t *order) {
    const size_t buckets = (size_t)1 << part.bits;
    memset(starts, 0, (buckets + 1) * sizeof *starts);
    for (size_t i = 0; i < n; i++)
        starts[im_substring_value(part, codes + i * words, 1) + 1]++;
    for (size_t b = 0; b < buckets; b++) starts[b + 1] += starts[b];
    /* Filling moves each start to its end, the next one's start. */
    for (size_t i = 0; i < n; i++)
        order[starts[im_substring_value(part, codes + i * words, 1)]++] = (uint32_t)i;
    memmove(starts + 1, starts, buckets * sizeof *starts);
    starts[0] = 0;
}

void im_index_build(const uint64_t *codes, size_t n, size_t words, size_t tables,
                    uint64_t *sorted, uint32_t *rows, uint32_t *positions,
                    uint32_t *starts) {
    for (size_t t = 0; t < tables; t++) {
        im_substring part = im_substring_of(words, tables, t);
        if (t == 0) {
            sort_by(part, codes, n, words, starts, rows);
            for (size_t i = 0; i < n; i++)
                memcpy(sorted + i * words, codes + rows[i] * words,
                       words * sizeof *codes);
        } else {
            sort_by(part, sorted, n, words, starts, positions + (t - 1) * n);
        }
        starts += ((size_t)1 << part.bits) + 1;
    }
}
