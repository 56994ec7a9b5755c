/* Search a multi-index. */
#include <stdlib.h>
#include <string.h>

#include "hamming_index.h"
#include "hamming_substring.h"

/* How one table is searched: buckets value ^ flips[0 .. n_flips - 1] are looked up. */
typedef struct {
    im_substring part;
    int radius; /* most bits of a flip; -1 if the table is not searched */
    const uint32_t *starts, *positions; /* `positions` is NULL for table 0 */
    const uint32_t *flips;
    size_t n_flips, first_range;
} im_probe;

typedef struct {
    uint32_t start, stop;
} im_range;

/* A search in progress. Candidates wait until they fill a block; by then the prefetches
 * of their codes have arrived. */
typedef struct {
    const im_index *index;
    const im_kernel *kernel;
    uint32_t radius;
    im_hits *hits;
    im_probe *probes;
    size_t n_ranges, n_waiting, block_codes;
    uint32_t *flips, *waiting;
    im_range *ranges;
    uint64_t *planes, *keys;
} im_search;

/* The current query. Only codes at positions from `above` on are compared. With
 * `as_pairs`, the lower row of each hit is its query. */
typedef struct {
    const uint64_t *code;
    uint64_t row;
    size_t above;
    int as_pairs;
} im_asked;

/* Divide the radius among the tables: with r = q * tables + a, the first a + 1 tables
 * search within q bits and the others within q - 1 (Norouzi et al., proposition 2). */
static int table_radius(uint32_t radius, size_t tables, size_t table) {
    int quotient = (int)(radius / (uint32_t)tables);
    return (uint32_t)table <= radius % (uint32_t)tables ? quotient : quotient - 1;
}

/* How many values of `bits` bits have at most `radius` set. */
static double count_flips(size_t bits, int radius) {
    double choose = 1, sum = 0;
    for (int k = 0; k <= radius && (size_t)k <= bits; k++) {
        sum += choose;
        choose *= (double)(bits - (size_t)k) / (k + 1);
    }
    return sum;
}

double im_index_lookups(size_t words, size_t tables, uint32_t radius) {
    double lookups = 0;
    for (size_t t = 0; t < tables; t++)
        lookups += count_flips(im_substring_of(words, tables, t).bits,
                               table_radius(radius, tables, t));
    return lookups;
}

/* All values of `bits` bits with at most `radius` set, fewest first. */
static size_t list_flips(size_t bits, int radius, uint32_t *flips) {
    size_t n = 0;
    if (radius >= 0) flips[n++] = 0;
    for (int k = 1; k <= radius && (size_t)k <= bits; k++) {
        uint64_t flip = ((uint64_t)1 << k) - 1;
        while (flip >> bits == 0) { /* Gosper's hack: the next value with k bits */
            flips[n++] = (uint32_t)flip;
            uint64_t low = flip & (~flip + 1), ripple = flip + low;
            flip = (((ripple ^ flip) >> 2) / low) | ripple;
        }
    }
    return n;
}

static void plan(im_search *search) {
    const im_index *index = search->index;
    const uint32_t *starts = index->starts;
    uint32_t *flips = search->flips;
    for (size_t t = 0; t < index->tables; t++) {
        im_probe *probe = search->probes + t;
        probe->part = im_substring_of(index->words, index->tables, t);
        probe->radius = table_radius(search->radius, index->tables, t);
        probe->starts = starts;
        probe->positions = t ? index->positions + (t - 1) * index->n : NULL;
        probe->flips = flips;
        probe->n_flips = list_flips(probe->part.bits, probe->radius, flips);
        flips += probe->n_flips;
        starts += ((size_t)1 << probe->part.bits) + 1;
    }
}

static void close_search(im_search *search) {
    free(search->probes);
    free(search->flips);
    free(search->waiting);
    free(search->ranges);
    free(search->planes);
    free(search->keys);
}

static int open_search(im_search *search, const im_index *index,
                       const im_kernel *kernel, uint32_t radius,
                       im_hits *hits) {
    size_t n_lookups =
        (size_t)im_index_lookups(index->words, index->tables, radius);
    *search = (im_search){
        .index = index, .kernel = kernel, .radius = radius, .hits = hits};
    search->block_codes = im_block_codes(index->words);
    search->probes = malloc(index->tables * sizeof *search->probes);
    search->flips = malloc((n_lookups + 1) * sizeof *search->flips);
    search->ranges = malloc((n_lookups + 1) * sizeof *search->ranges);
    search->waiting = malloc(search->block_codes * sizeof *search->waiting);
    search->planes = malloc(IM_BLOCK_ROOM * sizeof *search->planes);
    search->keys =
        malloc((search->block_codes + IM_SLACK) * sizeof *search->keys);
    if (!search->probes || !search->flips || !search->ranges || !search->waiting ||
        !search->planes || !search->keys) {
        return IM_NO_MEMORY; /* the caller calls close_search in any case */
    }
    plan(search);
    return 0;
}

/* Whether a table before `table` has already found this code. */
static int found_before(const im_search *search, size_t table, const uint64_t *query,
                        const uint64_t *code, size_t stride) {
    for (size_t t = 0; t < table; t++) {
        im_substring part = search->probes[t].part;
        uint32_t differ = im_substring_value(part, query, 1) ^
                          im_substring_value(part, code, stride);
        int bits = 0;
        for (; differ; differ &= differ - 1) bits++;
        if (bits <= search->probes[t].radius) return 1;
    }
    return 0;
}

static int emit(im_search *search, im_asked asked, uint64_t distance,
                uint32_t position) {
    uint64_t query = asked.row, row = search->index->rows[position];
    if (asked.as_pairs && row < query) {
        uint64_t swap = query;
        query = row;
        row = swap;
    }
    uint64_t key = im_key(distance, row);
    return im_hits_append(search->hits, query, &key, 1);
}

/* Compare the waiting candidates, all from `table`, in full. */
static int compare(im_search *search, size_t table, im_asked asked) {
    const size_t words = search->index->words;
    im_block block = {search->planes, search->block_codes + 8, search->n_waiting,
                      words};
    for (size_t i = 0; i < block.n; i++) {
        const uint64_t *code = search->index->codes + search->waiting[i] * words;
        for (size_t w = 0; w < words; w++)
            search->planes[w * block.stride + i] = code[w];
    }
    size_t n =
        search->kernel->select(asked.code, &block, search->radius, 0, search->keys);
    search->n_waiting = 0;
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)im_key_index(search->keys[k]);
        if (found_before(search, table, asked.code, search->planes + i, block.stride))
            continue;
        if (emit(search, asked, im_key_distance(search->keys[k]), search->waiting[i]))
            return IM_NO_MEMORY;
    }
    return 0;
}

/* Find the buckets of all tables; return how many codes they hold. Every lookup is a
 * cache miss: prefetch the next lookups, and the codes or positions in the buckets. */
static size_t look_up(im_search *search, im_asked asked) {
    enum { AHEAD = 16 };
    const im_index *index = search->index;
    size_t n_candidates = 0;
    search->n_ranges = 0;
    for (size_t t = 0; t < index->tables; t++) {
        im_probe *probe = search->probes + t;
        uint32_t value = im_substring_value(probe->part, asked.code, 1);
        probe->first_range = search->n_ranges;
        for (size_t f = 0; f < probe->n_flips && f < AHEAD; f++)
            IM_PREFETCH(probe->starts + (value ^ probe->flips[f]));
        for (size_t f = 0; f < probe->n_flips; f++) {
            if (f + AHEAD < probe->n_flips)
                IM_PREFETCH(probe->starts + (value ^ probe->flips[f + AHEAD]));
            uint32_t bucket = value ^ probe->flips[f];
            im_range range = {probe->starts[bucket], probe->starts[bucket + 1]};
            if (t == 0 && range.start < asked.above)
                range.start = (uint32_t)asked.above;
            if (range.start >= range.stop) continue;
            if (t == 0)
                IM_PREFETCH(index->codes + range.start * index->words);
            else
                IM_PREFETCH(probe->positions + range.start);
            n_candidates += range.stop - range.start;
            search->ranges[search->n_ranges++] = range;
        }
    }
    return n_candidates;
}

static int compare_ranges(im_search *search, size_t table, im_asked asked) {
    const im_index *index = search->index;
    const im_probe *probe = search->probes + table;
    size_t last = table + 1 < index->tables ? probe[1].first_range : search->n_ranges;
    for (size_t r = probe->first_range; r < last; r++)
        for (size_t i = search->ranges[r].start; i < search->ranges[r].stop; i++) {
            uint32_t position = table ? probe->positions[i] : (uint32_t)i;
            if (position < asked.above) continue;
            IM_PREFETCH(index->codes + position * index->words);
            search->waiting[search->n_waiting++] = position;
            if (search->n_waiting == search->block_codes &&
                compare(search, table, asked))
                return IM_NO_MEMORY;
        }
    return compare(search, table, asked);
}

/* Compare a query with all codes, because its buckets hold too many. */
static int compare_all(im_search *search, im_asked asked) {
    const im_index *index = search->index;
    for (size_t start = asked.above; start < index->n; start += search->block_codes) {
        size_t n = index->n - start;
        if (n > search->block_codes) n = search->block_codes;
        im_block block = im_block_of(index->codes + start * index->words, n,
                                     index->words, search->planes);
        size_t n_keys = search->kernel->select(asked.code, &block, search->radius,
                                               start, search->keys);
        for (size_t k = 0; k < n_keys; k++)
            if (emit(search, asked, im_key_distance(search->keys[k]),
                     (uint32_t)im_key_index(search->keys[k])))
                return IM_NO_MEMORY;
    }
    return 0;
}

static int answer(im_search *search, im_asked asked) {
    double candidates = (double)look_up(search, asked);
    double scanned = (double)(search->index->n - asked.above);
    if (candidates > scanned * search->index->patience)
        return compare_all(search, asked);
    for (size_t t = 0; t < search->index->tables; t++)
        if (compare_ranges(search, t, asked)) return IM_NO_MEMORY;
    return 0;
}

int im_index_radius(const im_index *index, const im_kernel *kernel,
                    const uint64_t *queries, size_t n_queries, uint32_t radius,
                    im_hits *hits) {
    im_search search;
    int status = open_search(&search, index, kernel, radius, hits);
    for (size_t q = 0; q < n_queries && !status; q++)
        status = answer(&search, (im_asked){queries + q * index->words, q, 0, 0});
    close_search(&search);
    return status;
}

int im_index_pairs(const im_index *index, const im_kernel *kernel,
                   size_t from, size_t to, uint32_t radius, im_hits *hits) {
    im_search search;
    int status = open_search(&search, index, kernel, radius, hits);
    for (size_t i = from; i < to && !status; i++)
        status = answer(&search, (im_asked){index->codes + i * index->words,
                                            index->rows[i], i + 1, 1});
    close_search(&search);
    return status;
}
