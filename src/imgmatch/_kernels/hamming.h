/* Hamming distances over packed codes.
 *
 * A kernel is one instruction set's way to compare one query with one block of
 * codes. A block is word-major: word w of code i is planes[w * stride + i], so
 * that neighbouring lanes hold neighbouring codes and nothing is summed across
 * a register, whatever the width of a code.
 *
 * A hit is one 64-bit key: the distance above the index. Keys sort as results
 * do, nearest first and ties by index.
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

/* Call a loop whose last argument is the number of words, unrolled for the usual
 * widths: 64-bit hashes, 256-bit descriptors. */
#define IM_BY_WIDTH(loop, words, ...)                                                  \
    ((words) == 1   ? loop(__VA_ARGS__, 1)                                             \
     : (words) == 4 ? loop(__VA_ARGS__, 4)                                             \
                    : loop(__VA_ARGS__, words))

enum {
    IM_MAX_WORDS = 64,
    IM_BLOCK_WORDS = 4096, /* 32 KiB: a block stays in the first-level cache */
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
    /* Append the key of every code within `limit` of the query, in order of
     * index, `first` being that of the block's first code; return how many.
     * `limit` is at most 64 * words.
     * `hits` has room for block->n keys and IM_SLACK more. */
    size_t (*select)(const uint64_t *query, const im_block *block, uint32_t limit,
                     uint64_t first, uint64_t *hits);
    /* The distance of every code of the block; returns the least of them. */
    int16_t (*distances)(const uint64_t *query, const im_block *block, int16_t *out);
} im_kernel;

enum { IM_SLACK = 8 };

/* The kernels of this build, best first, `portable` last; NULL ends the table. */
extern const im_kernel *const im_kernels[];
extern const im_kernel im_hamming_avx512, im_hamming_avx2, im_hamming_popcnt,
    im_hamming_neon, im_hamming_portable;

/* hamming_block.c: codes a block holds, and laying row-major codes out in one.
 * `room` has IM_BLOCK_ROOM words; one-word codes are used where they lie. */
size_t im_block_codes(size_t words);
im_block im_block_of(const uint64_t *codes, size_t n, size_t words, uint64_t *room);

/* hamming_search.c: the linear scan. Results are independent of the kernel.
 * Both return 0 or IM_NO_MEMORY. `first` is the index of codes[0]. */

/* The k smallest keys of each query, ascending, in keys (n_queries, k); needs
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

/* Append every hit within `radius`; with `above`, only codes whose index is
 * greater than their query's (each pair of one collection once). */
int im_radius(const im_kernel *kernel, const uint64_t *queries, size_t n_queries,
              const uint64_t *codes, size_t n, size_t words, uint32_t radius,
              uint64_t first, int above, im_hits *hits);

/* hamming_hits.c */
int im_hits_append(im_hits *hits, uint64_t query, const uint64_t *keys, size_t n);
/* Give every hit the row that its index stands for. */
void im_hits_rename(im_hits *hits, const uint32_t *rows);
/* Compressed rows: the keys of query q, ascending, are
 * keys[offsets[q]] .. keys[offsets[q + 1] - 1]. */
int im_hits_rows(const im_hits *hits, size_t n_queries, int64_t *offsets,
                 uint64_t *keys);
void im_hits_free(im_hits *hits);

/* hamming_match.c */
typedef struct {
    int32_t reference, query;
    int32_t distance;
    float ratio; /* distance over the second nearest's; 0 where there is none */
} im_match;

/* One-to-one matches of 256-bit descriptors: the query row is the reference
 * row's nearest, within max_distance, nearer than ratio times its second
 * nearest, and (with `mutual`) the reference row is the query row's nearest.
 * Ties go to the lower row. `matches` has room for n_reference. Returns how
 * many, or IM_NO_MEMORY. */
ptrdiff_t im_match_two_nearest(const im_kernel *kernel, const uint64_t *reference,
                               size_t n_reference, const uint64_t *query,
                               size_t n_query, double ratio, int max_distance,
                               int mutual, im_match *matches);

#endif
