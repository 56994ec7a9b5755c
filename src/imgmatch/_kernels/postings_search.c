/* From a suspect's descriptors to the postings that are like them. */
#include <stdlib.h>

#include "postings.h"

/* Postings under one word in one part. */
typedef struct {
    const im_postings *part;
    uint64_t code;
    uint32_t start, n;
} im_list;

static im_list list_of(const im_postings *part, const im_word *word, uint32_t probe) {
    const uint32_t bucket = probe >> part->shift;
    const uint64_t low = probe & (((uint32_t)1 << IM_CODE_BITS) - 1);
    im_list list = {part, word->signature << IM_CODE_BITS | low,
                    part->starts[bucket], 0};
    uint32_t stop = part->starts[bucket + 1];
    if (list.start < stop && stop <= part->n) list.n = stop - list.start;
    return list;
}

/* The lists to compare, likeliest first; what is too long to afford is a word
 * that too many originals share. */
static size_t choose(const im_postings *parts, size_t n_parts, const im_word *word,
                     const im_effort *effort, im_list *lists) {
    uint32_t probes[IM_MAX_PROBES];
    size_t n_probes = im_word_probes(word, effort->probes, probes);
    size_t left = effort->postings, n = 0;
    for (size_t i = 0; i < n_probes; i++) {
        size_t sum = 0, m = n;
        for (size_t p = 0; p < n_parts; p++) {
            im_list list = list_of(parts + p, word, probes[i]);
            sum += list.n;
            if (list.n) lists[m++] = list;
        }
        if (sum > left) continue;
        left -= sum;
        n = m;
    }
    return n;
}

static void prefetch(const im_list *list) {
    const uint64_t *codes = list->part->codes + list->start;
    const size_t line = 64 / sizeof *codes;
    for (size_t i = 0; i < list->n && i < 16 * line; i += line) IM_PREFETCH(codes + i);
}

/* Compare; count the distances; return how many are within reach. */
static size_t compare(const im_list *lists, size_t n, const im_postings *parts,
                      const im_kernel *kernel, uint32_t distance, uint64_t *keys,
                      size_t *counts) {
    enum { AHEAD = 8 };
    size_t n_keys = 0;
    for (size_t i = 0; i < n && i < AHEAD; i++) prefetch(lists + i);
    for (size_t i = 0; i < n; i++) {
        const im_list *list = lists + i;
        if (i + AHEAD < n) prefetch(lists + i + AHEAD);
        const uint64_t *codes = list->part->codes;
        im_block block = {codes + list->start, list->n, list->n, 1};
        uint64_t first = (uint64_t)(list->part - parts) << 32 | list->start;
        size_t found =
            kernel->select(&list->code, &block, distance, first, keys + n_keys);
        /* A bucket may hold several words; they differ in their low bits. */
        const uint64_t low = ((uint64_t)1 << list->part->shift) - 1;
        size_t stop = n_keys + found;
        for (size_t k = n_keys; k < stop; k++) {
            uint64_t key = keys[k];
            if ((codes[(uint32_t)key] ^ list->code) & low) continue;
            counts[im_key_distance(key)]++;
            keys[n_keys++] = key;
        }
    }
    return n_keys;
}

static im_vote *room_for(im_votes *votes, size_t n) {
    if (votes->room - votes->n < n) {
        size_t room = 2 * votes->room + n;
        im_vote *items = realloc(votes->items, room * sizeof *items);
        if (!items) return NULL;
        votes->items = items;
        votes->room = room;
    }
    return votes->items + votes->n;
}

/* Keep the nearest. If more share one distance than may vote, none does: what so
 * many have says nothing about any. */
static int vote(const im_postings *parts, uint64_t *keys, size_t n_keys,
                const size_t *counts, const im_effort *effort, size_t query,
                int mirrored, im_votes *votes) {
    size_t n = 0, allowed = 0;
    while (allowed <= effort->distance && n + counts[allowed] <= effort->votes)
        n += counts[allowed++];
    size_t m = 0;
    for (size_t k = 0; k < n_keys; k++) {
        if (im_key_distance(keys[k]) >= allowed) continue;
        uint32_t at = (uint32_t)keys[k];
        const im_postings *part = parts + (im_key_index(keys[k]) >> 32);
        IM_PREFETCH(part->rows + at);
        IM_PREFETCH(part->places + at);
        keys[m++] = keys[k];
    }
    if (!m) return 0;
    im_vote *out = room_for(votes, m);
    if (!out) return IM_NO_MEMORY;
    for (size_t k = 0; k < m; k++) {
        uint32_t at = (uint32_t)keys[k];
        const im_postings *part = parts + (im_key_index(keys[k]) >> 32);
        uint32_t row = part->rows[at];
        if (row >= part->n_rows || !part->alive[row]) continue;
        *out++ = (im_vote){2 * (part->first + row) + (uint32_t)mirrored,
                           part->places[at], (uint16_t)query,
                           (uint16_t)im_key_distance(keys[k])};
        votes->n++;
    }
    return 0;
}

int im_postings_search(const im_postings *parts, size_t n_parts,
                       const im_suspect *suspect, const int16_t *table,
                       const im_effort *effort, const im_kernel *kernel,
                       im_votes *votes) {
    im_list *lists = malloc((effort->probes * n_parts + 1) * sizeof *lists);
    uint64_t *keys = malloc((effort->postings + IM_SLACK) * sizeof *keys);
    int status = lists && keys ? 0 : IM_NO_MEMORY;
    for (size_t q = 0; q < suspect->n && !status; q++) {
        size_t counts[IM_SIGNATURE_BITS + IM_CODE_BITS + 1] = {0};
        im_word word = im_word_of(suspect->descriptors[q], table);
        size_t n = choose(parts, n_parts, &word, effort, lists);
        size_t n_keys =
            compare(lists, n, parts, kernel, effort->distance, keys, counts);
        status = vote(parts, keys, n_keys, counts, effort, q,
                      q >= suspect->mirrored, votes);
    }
    free(lists);
    free(keys);
    return status;
}
