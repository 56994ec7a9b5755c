/* Hamming distances of packed codes.
 *
 * A kernel compares one query with one block of codes, for one instruction set. A
 * block is word-major: word w of code i is planes[w * stride + i]. Neighbouring lanes
 * of a register therefore hold neighbouring codes, and no kernel needs a sum across a
 * register, whatever the width of a code.
 *
 * A hit is one 64-bit key: the distance in the high bits, the index in the low bits.
 * Keys sort in the order of results: nearest first, ties by index.
 */
#ifndef IM_HAMMING_H
#define IM_HAMMING_H

#include <stddef.h>
#include <stdint.h>

#include "wide.h"

#if defined(__GNUC__) || defined(__clang__)
#define IM_RARELY(condition) __builtin_expect(!!(condition), 0)
#define IM_PREFETCH(address) __builtin_prefetch(address)
#else
#define IM_RARELY(condition) (condition)
#define IM_PREFETCH(address) ((void)0)
#endif

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define IM_X86
#elif defined(__aarch64__) || defined(_M_ARM64)
#define IM_ARM64
#endif

/* Call a loop whose last argument is the number of words. It is unrolled for the usual
 * widths: 64-bit hashes and 256-bit descriptors. */
#define IM_BY_WIDTH(loop, words, ...)                                                  \
    ((words) == 1   ? loop(__VA_ARGS__, 1)                                             \
     : (words) == 4 ? loop(__VA_ARGS__, 4)                                             \
                    : loop(__VA_ARGS__, words))

enum {
    IM_MAX_WORDS = 64,
    IM_BLOCK_WORDS = 4096, /* 32 KiB: a block fits the first-level cache */
    IM_BLOCK_ROOM = IM_BLOCK_WORDS + 8 * IM_MAX_WORDS,
    IM_INDEX_BITS = 48,
    IM_NO_MEMORY = -1
};

IM_INLINE uint64_t im_key(uint64_t distance, uint64_t index) {
    return distance << IM_INDEX_BITS | index;
}

IM_INLINE uint32_t im_key_distance(uint64_t key) {
    return (uint32_t)(key >> IM_INDEX_BITS);
}

IM_INLINE uint64_t im_key_index(uint64_t key) {
    return key & (((uint64_t)1 << IM_INDEX_BITS) - 1);
}

typedef struct {
    const uint64_t *planes;
    size_t stride, n, words;
} im_block;

typedef struct {
    const char *name;
    int (*supported)(void);
    /* Write the key of every code within `limit` of the query, in order of index;
     * return how many. `first` is the index of the block's first code. `limit` is at
     * most 64 * words. `hits` has room for block->n + IM_SLACK keys. */
    size_t (*select)(const uint64_t *query, const im_block *block, uint32_t limit,
                     uint64_t first, uint64_t *hits);
    /* Write the distance of every code of the block; return the least distance. */
    int16_t (*distances)(const uint64_t *query, const im_block *block, int16_t *out);
} im_kernel;

enum { IM_SLACK = 8 };

/* The kernels of this build, best first, `portable` last; NULL ends the table. */
extern const im_kernel *const im_kernels[];
extern const im_kernel im_hamming_avx512, im_hamming_avx2, im_hamming_popcnt,
    im_hamming_neon, im_hamming_portable;

/* hamming_block.c: the number of codes in a full block, and the block of n row-major
 * codes. `room` has IM_BLOCK_ROOM words; one-word codes are not copied. */
size_t im_block_codes(size_t words);
im_block im_block_of(const uint64_t *codes, size_t n, size_t words, uint64_t *room);

/* hamming_search.c: the linear scan. The results do not depend on the kernel.
 * Both functions return 0 or IM_NO_MEMORY. `first` is the index of codes[0]. */

/* Write the k smallest keys of each query, ascending, to keys (n_queries, k). Needs
 * k <= n. */
int im_knn(const im_kernel *kernel, const uint64_t *queries, size_t n_queries,
           const uint64_t *codes, size_t n, size_t words, size_t k, uint64_t first,
           uint64_t *keys);

typedef struct {
    uint64_t query, key;
} im_hit;

typedef struct {
    im_hit *items;
    size_t n, room;
} im_hits;

/* Append every hit within `radius`. With `above`, only codes whose index is greater
 * than that of the query: each pair of one collection once. */
int im_radius(const im_kernel *kernel, const uint64_t *queries, size_t n_queries,
              const uint64_t *codes, size_t n, size_t words, uint32_t radius,
              uint64_t first, int above, im_hits *hits);

/* hamming_hits.c */
int im_hits_append(im_hits *hits, uint64_t query, const uint64_t *keys, size_t n);
/* Replace the index i of every hit by rows[i]. */
void im_hits_rename(im_hits *hits, const uint32_t *rows);
/* Sort hits into compressed rows: the keys of query q, ascending, are
 * keys[offsets[q]] .. keys[offsets[q + 1] - 1]. Returns 0 or IM_NO_MEMORY. */
int im_hits_rows(const im_hits *hits, size_t n_queries, int64_t *offsets,
                 uint64_t *keys);
void im_hits_free(im_hits *hits);

/* hamming_match.c */
typedef struct {
    int32_t reference, query;
    int32_t distance;
    float ratio; /* distance / second nearest distance; 0 without a second */
} im_match;

/* Match 256-bit descriptors. A query row matches a reference row if it is the nearest,
 * within max_distance, and nearer than ratio times the second nearest. With `mutual`,
 * the reference row must also be the nearest of the query row, so matches are one to
 * one. Ties go to the lower row. `matches` has room for n_reference matches. Returns
 * how many there are, or IM_NO_MEMORY. */
ptrdiff_t im_match_two_nearest(const im_kernel *kernel, const uint64_t *reference,
                               size_t n_reference, const uint64_t *query,
                               size_t n_query, double ratio, int max_distance,
                               int mutual, im_match *matches);

#endif
