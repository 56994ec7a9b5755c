/* Find the postings that are similar to a suspect's descriptors. */
#include <stdlib.h>

#include "postings.h"

/* The postings of one part in the bucket of one word, and the code to compare. */
typedef struct {
    const im_postings *part;
    uint64_t code;
    uint32_t start, n;
} im_list;

/* State of a descriptor in a search: words to look up, then lists to compare. */
typedef struct {
    im_word word;
    uint32_t probes[IM_MAX_PROBES];
    size_t n_probes, n_lists;
    im_list *lists;
} im_lookup;

/* Each step prefetches what the next step reads. Between two steps of a descriptor,
 * other descriptors take a step, so that none waits for memory. */
enum { STEPS = 3 };

static void foresee(const im_postings *parts, size_t n_parts,
                    const uint64_t *descriptor, const int16_t *table,
                    const im_effort *effort, im_lookup *lookup) {
    lookup->word = im_word_of(descriptor, table);
    lookup->n_probes = im_word_probes(&lookup->word, effort->probes, lookup->probes);
    for (size_t p = 0; p < n_parts; p++)
        for (size_t i = 0; i < lookup->n_probes; i++)
            IM_PREFETCH(parts[p].starts + (lookup->probes[i] >> parts[p].shift));
}

static im_list list_of(const im_postings *part, const im_word *word, uint32_t probe) {
    const uint32_t bucket = probe >> part->shift;
    const uint64_t low = probe & (((uint32_t)1 << IM_CODE_BITS) - 1);
    im_list list = {part, word->signature << IM_CODE_BITS | low,
                    part->starts[bucket], 0};
    uint32_t stop = part->starts[bucket + 1];
    if (list.start < stop && stop <= part->n) list.n = stop - list.start;
    return list;
}

static void prefetch(const im_list *list) {
    const uint64_t *codes = list->part->codes + list->start;
    const size_t line = 64 / sizeof *codes;
    for (size_t i = 0; i < list->n && i < 16 * line; i += line) IM_PREFETCH(codes + i);
}

/* Choose the lists to compare, likeliest word first. Skip a word whose lists exceed the
 * rest of the limit: too many originals share it. */
static void choose(const im_postings *parts, size_t n_parts, const im_effort *effort,
                   im_lookup *lookup) {
    size_t left = effort->postings, n = 0;
    for (size_t i = 0; i < lookup->n_probes; i++) {
        size_t sum = 0, m = n;
        for (size_t p = 0; p < n_parts; p++) {
            im_list list = list_of(parts + p, &lookup->word, lookup->probes[i]);
            sum += list.n;
            if (list.n) lookup->lists[m++] = list;
        }
        if (sum > left) continue;
        left -= sum;
        for (; n < m; n++) prefetch(lookup->lists + n);
    }
    lookup->n_lists = n;
}

/* Compare; count the hits at each distance; return how many are within `distance`. */
static size_t compare(const im_lookup *lookup, const im_postings *parts,
                      const im_kernel *kernel, uint32_t distance, uint64_t *keys,
                      size_t *counts) {
    size_t n_keys = 0;
    for (size_t i = 0; i < lookup->n_lists; i++) {
        const im_list *list = lookup->lists + i;
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

/* Let the nearest postings vote. If the postings at one distance are more than may
 * still vote, none of them votes: what so many share says nothing about any. */
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
        IM_PREFETCH(part->keypoints + at);
        keys[m++] = keys[k];
    }
    if (!m) return 0;
    im_vote *out = room_for(votes, m);
    if (!out) return IM_NO_MEMORY;
    for (size_t k = 0; k < m; k++) {
        uint32_t at = (uint32_t)keys[k];
        const im_postings *part = parts + (im_key_index(keys[k]) >> 32);
        uint32_t row = part->rows[at];
        if (row >= part->n_rows || !part->live[row]) continue;
        *out++ = (im_vote){2 * (part->first + row) + (uint32_t)mirrored,
                           part->keypoints[at], (uint16_t)query,
                           (uint16_t)im_key_distance(keys[k])};
        votes->n++;
    }
    return 0;
}

int im_postings_search(const im_postings *parts, size_t n_parts,
                       const im_suspect *suspect, const int16_t *table,
                       const im_effort *effort, const im_kernel *kernel,
                       im_votes *votes) {
    const size_t room = effort->probes * n_parts + 1;
    im_list *lists = malloc(STEPS * room * sizeof *lists);
    uint64_t *keys = malloc((effort->postings + IM_SLACK) * sizeof *keys);
    int status = lists && keys ? 0 : IM_NO_MEMORY;
    im_lookup lookups[STEPS];
    for (size_t i = 0; i < STEPS && !status; i++) lookups[i].lists = lists + i * room;
    for (size_t at = 0; at < suspect->n + STEPS - 1 && !status; at++) {
        if (at < suspect->n)
            foresee(parts, n_parts, suspect->descriptors[at], table, effort,
                    lookups + at % STEPS);
        if (at >= 1 && at - 1 < suspect->n)
            choose(parts, n_parts, effort, lookups + (at - 1) % STEPS);
        if (at < 2) continue;
        const size_t q = at - 2;
        size_t counts[IM_SIGNATURE_BITS + IM_CODE_BITS + 1] = {0};
        size_t n_keys = compare(lookups + q % STEPS, parts, kernel, effort->distance,
                                keys, counts);
        status = vote(parts, keys, n_keys, counts, effort, q,
                      q >= suspect->mirrored, votes);
    }
    free(lists);
    free(keys);
    return status;
}
