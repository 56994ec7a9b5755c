/* Collect hits in any order, then sort them into compressed rows. */
#include <stdlib.h>
#include <string.h>

#include "hamming.h"

int im_hits_append(im_hits *hits, uint64_t query, const uint64_t *keys, size_t n) {
    if (hits->room - hits->n < n) {
        size_t room = 2 * hits->room + n;
        im_hit *items = realloc(hits->items, room * sizeof *items);
        if (!items) return IM_NO_MEMORY;
        hits->items = items;
        hits->room = room;
    }
    for (size_t i = 0; i < n; i++)
        hits->items[hits->n++] = (im_hit){query, keys[i]};
    return 0;
}

void im_hits_rename(im_hits *hits, const uint32_t *rows) {
    for (size_t i = 0; i < hits->n; i++) {
        uint64_t key = hits->items[i].key;
        hits->items[i].key = im_key(im_key_distance(key), rows[im_key_index(key)]);
    }
}

void im_hits_free(im_hits *hits) {
    free(hits->items);
    *hits = (im_hits){NULL, 0, 0};
}

/* Sort ascending; `spare` has room for n keys. Small radii give short rows: insertion
 * sort is fastest there. Longer rows take a radix sort that skips bytes that are equal
 * in all keys. */
static void sort_keys(uint64_t *keys, size_t n, uint64_t *spare) {
    if (n <= 32) {
        for (size_t i = 1; i < n; i++) {
            uint64_t key = keys[i];
            size_t at = i;
            for (; at && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
            keys[at] = key;
        }
        return;
    }
    uint64_t varying = 0;
    for (size_t i = 1; i < n; i++) varying |= keys[i] ^ keys[0];
    uint64_t *from = keys, *to = spare;
    for (int shift = 0; shift < 64; shift += 8) {
        if (!(varying >> shift & 0xff)) continue;
        size_t place[256] = {0}, sum = 0;
        for (size_t i = 0; i < n; i++) place[from[i] >> shift & 0xff]++;
        for (size_t b = 0; b < 256; b++) {
            size_t count = place[b];
            place[b] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++) to[place[from[i] >> shift & 0xff]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys) memcpy(keys, from, n * sizeof *keys);
}

int im_hits_rows(const im_hits *hits, size_t n_queries, int64_t *offsets,
                 uint64_t *keys) {
    uint64_t *spare = malloc((hits->n + 1) * sizeof *spare);
    if (!spare) return IM_NO_MEMORY;
    memset(offsets, 0, (n_queries + 1) * sizeof *offsets);
    for (size_t i = 0; i < hits->n; i++) offsets[hits->items[i].query + 1]++;
    for (size_t q = 0; q < n_queries; q++) offsets[q + 1] += offsets[q];
    /* Filling a row moves its offset to its end, which is the start of the next row:
     * shifting the offsets by one restores them. */
    for (size_t i = 0; i < hits->n; i++)
        keys[offsets[hits->items[i].query]++] = hits->items[i].key;
    for (size_t q = n_queries; q > 0; q--) offsets[q] = offsets[q - 1];
    offsets[0] = 0;
    for (size_t q = 0; q < n_queries; q++)
        sort_keys(keys + offsets[q], (size_t)(offsets[q + 1] - offsets[q]), spare);
    free(spare);
    return 0;
}
