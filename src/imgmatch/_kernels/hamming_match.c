/* Two-nearest-neighbour matching of 256-bit descriptors in one pass. */
#include <stdlib.h>

#include "hamming.h"

enum {
    WORDS = 4,
    COLUMNS = IM_BLOCK_WORDS / WORDS, /* query rows in a block */
    STRIDE = 64,
    FAR = INT16_MAX
};

/* State of a reference row: its nearest query row, the distances of the nearest and the
 * second nearest, and `leads`: no earlier reference row is as near to the query row. */
typedef struct {
    int32_t query;
    int16_t nearest, second;
    int leads;
} im_row;

static int16_t min2(int16_t a, int16_t b) { return a < b ? a : b; }

IM_INLINE int16_t least(const int16_t *values, size_t n) {
    int16_t min = FAR;
    for (size_t i = 0; i < n; i++) min = min2(min, values[i]);
    return min;
}

/* Position of the least of n values, `wanted`. Searches by strides, which the compiler
 * can vectorise. */
IM_INLINE size_t find(const int16_t *values, size_t n, int16_t wanted) {
    size_t at = 0;
    while (at + STRIDE <= n && least(values + at, STRIDE) != wanted) at += STRIDE;
    while (values[at] != wanted) at++;
    return at;
}

ptrdiff_t im_match_two_nearest(const im_kernel *kernel, const uint64_t *reference,
                               size_t n_reference, const uint64_t *query,
                               size_t n_query, double ratio, int max_distance,
                               int mutual, im_match *matches) {
    im_row *rows = malloc((n_reference + 1) * sizeof *rows);
    int16_t *columns = malloc((n_query + 1) * sizeof *columns);
    uint64_t *room = malloc(IM_BLOCK_ROOM * sizeof *room);
    int16_t distances[COLUMNS];
    ptrdiff_t n_matches = IM_NO_MEMORY;
    if (!rows || !columns || !room) goto done;

    for (size_t r = 0; r < n_reference; r++) rows[r] = (im_row){-1, FAR, FAR, 0};
    for (size_t q = 0; q < n_query; q++) columns[q] = FAR;
    for (size_t start = 0; start < n_query; start += COLUMNS) {
        size_t size = n_query - start < COLUMNS ? n_query - start : COLUMNS;
        im_block block = im_block_of(query + start * WORDS, size, WORDS, room);
        for (size_t r = 0; r < n_reference; r++) {
            im_row *row = rows + r;
            int16_t nearest =
                kernel->distances(reference + r * WORDS, &block, distances);
            if (nearest < row->nearest && nearest <= max_distance) {
                size_t at = find(distances, size, nearest);
                int16_t others = min2(least(distances, at),
                                      least(distances + at + 1, size - at - 1));
                row->second = min2(others, min2(row->nearest, row->second));
                row->nearest = nearest;
                row->query = (int32_t)(start + at);
                row->leads = nearest < columns[start + at];
            } else {
                row->second = min2(row->second, nearest);
            }
            for (size_t i = 0; i < size; i++)
                columns[start + i] = min2(columns[start + i], distances[i]);
        }
    }
    n_matches = 0;
    for (size_t r = 0; r < n_reference; r++) {
        im_row row = rows[r];
        if (row.query < 0 || !(row.nearest < ratio * row.second)) continue;
        if (mutual && !(row.leads && row.nearest == columns[row.query])) continue;
        float share = row.second == FAR ? 0 : (float)row.nearest / (float)row.second;
        matches[n_matches++] = (im_match){(int32_t)r, row.query, row.nearest, share};
    }
done:
    free(rows);
    free(columns);
    free(room);
    return n_matches;
}
