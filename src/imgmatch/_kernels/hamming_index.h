/* Multi-index hashing: Norouzi, Punjani, Fleet, "Fast search in Hamming space
 * with multi-index hashing", CVPR 2012.
 *
 * A code is divided into substrings, one for each table. If two codes are within the
 * radius, at least one of their substrings is within its share of the radius. A search
 * therefore looks up, in each table, the buckets near the query's own bucket, and
 * compares the codes in them in full.
 *
 * The codes are stored in the order of the first table, which gives the most
 * candidates: these are then neighbours in memory. The other tables hold positions in
 * that order.
 */
#ifndef IM_HAMMING_INDEX_H
#define IM_HAMMING_INDEX_H

#include "hamming.h"

enum { IM_MAX_BUCKET_BITS = 28 };

typedef struct {
    size_t n, words, tables;
    const uint64_t *codes;     /* (n, words) */
    const uint32_t *rows;      /* (n) of each code, in the collection */
    const uint32_t *positions; /* (tables - 1, n) */
    const uint32_t *starts;    /* of each bucket, and after each table's last */
    /* If the buckets of a query hold more than this fraction of the codes, the query is
     * compared with all codes instead. */
    double patience;
} im_index;

/* Length of `starts`: the sum over all tables. */
size_t im_index_starts(size_t words, size_t tables);

/* Fill the arrays of an index over `codes`; return 0 or IM_NO_MEMORY. */
int im_index_build(const uint64_t *codes, size_t n, size_t words, size_t tables,
                   uint64_t *sorted, uint32_t *rows, uint32_t *positions,
                   uint32_t *starts);

/* How many buckets a search looks up for each query. */
double im_index_lookups(size_t words, size_t tables, uint32_t radius);

/* As im_radius, for the indexed collection. The lookups of a query must fit in memory:
 * if a radius needs too many, scan instead. */
int im_index_radius(const im_index *index, const im_kernel *kernel,
                    const uint64_t *queries, size_t n_queries, uint32_t radius,
                    im_hits *hits);

/* Append every pair within the radius once: the higher row as a hit of the lower row.
 * Compares the codes at positions `from` .. `to` - 1 with all later ones. */
int im_index_pairs(const im_index *index, const im_kernel *kernel,
                   size_t from, size_t to, uint32_t radius, im_hits *hits);

#endif
