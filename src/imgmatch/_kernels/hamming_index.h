/* Multi-index hashing: Norouzi, Punjani, Fleet, "Fast search in Hamming space
 * with multi-index hashing", CVPR 2012.
 *
 * The bits of a code are cut into as many substrings as there are tables. Codes
 * within a radius of each other agree in at least one substring up to the share
 * of the radius that falls to it, so each table is asked for the buckets around
 * the query's own, and what they hold is compared in full.
 *
 * The codes are kept in the order of the first table, where the most candidates
 * are found, so that these lie side by side; the other tables hold positions in
 * that order.
 */
#ifndef IM_HAMMING_INDEX_H
#define IM_HAMMING_INDEX_H

#include "hamming.h"

enum { IM_MAX_BUCKET_BITS = 28 };

typedef struct {
    size_t n, words, tables;
    const uint64_t *codes;     /* (n, words) */
    const uint32_t *rows;      /* (n) of the collection */
    const uint32_t *positions; /* (tables - 1, n) */
    const uint32_t *starts;    /* of each bucket, and after each table's last */
    /* A query whose buckets hold more than this part of the codes is answered by
     * comparing them all, one after the other. */
    double patience;
} im_index;

/* How many starts all tables take. */
size_t im_index_starts(size_t words, size_t tables);

/* Fill the arrays of an index over `codes`; return 0 or IM_NO_MEMORY. */
int im_index_build(const uint64_t *codes, size_t n, size_t words, size_t tables,
                   uint64_t *sorted, uint32_t *rows, uint32_t *positions,
                   uint32_t *starts);

/* How many buckets a search looks into. */
double im_index_lookups(size_t words, size_t tables, uint32_t radius);

/* As im_radius, over the collection that was indexed. The lookups must fit the
 * memory: for a radius that needs too many, scan. */
int im_index_radius(const im_index *index, const im_kernel *kernel,
                    const uint64_t *queries, size_t n_queries, uint32_t radius,
                    im_hits *hits);

/* Every pair within the radius once, as the higher row among the hits of the
 * lower, for the codes at positions `from` to `to` with all later ones. */
int im_index_pairs(const im_index *index, const im_kernel *kernel,
                   size_t from, size_t to, uint32_t radius, im_hits *hits);

#endif
