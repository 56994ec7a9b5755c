/* The linear scan: each block is compared with all queries while it is in cache. */
#include <stdlib.h>

#include "hamming.h"

/* Replace the greatest key of a max-heap. */
static void replace_root(uint64_t *heap, size_t n, uint64_t key) {
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= key) break;
        heap[at] = heap[child];
    }
    heap[at] = key;
}

static void sort_heap(uint64_t *heap, size_t n) {
    while (n > 1) {
        uint64_t greatest = heap[0];
        n--;
        replace_root(heap, n, heap[n]);
        heap[n] = greatest;
    }
}

int im_knn(const im_kernel *kernel, const uint64_t *queries, size_t n_queries,
           const uint64_t *codes, size_t n, size_t words, size_t k, uint64_t first,
           uint64_t *keys) {
    const size_t per_block = im_block_codes(words);
    uint64_t *room = malloc((IM_BLOCK_ROOM + per_block + IM_SLACK) * sizeof *room);
    if (!room) return IM_NO_MEMORY;
    uint64_t *hits = room + IM_BLOCK_ROOM;

    const uint64_t none = im_key(64 * words + 1, 0);
    for (size_t i = 0; i < n_queries * k; i++) keys[i] = none;
    for (size_t start = 0; start < n; start += per_block) {
        size_t size = n - start < per_block ? n - start : per_block;
        im_block block = im_block_of(codes + start * words, size, words, room);
        for (size_t q = 0; q < n_queries; q++) {
            uint64_t *heap = keys + q * k;
            /* At first, most codes are among the nearest so far. Pieces that start
             * small let the worst distance fall before many codes are compared. */
            size_t piece = start ? size : 32;
            for (size_t from = 0; from < size; from += piece, piece *= 4) {
                uint32_t worst = im_key_distance(heap[0]);
                if (worst == 0) break; /* a later code cannot come first */
                im_block part = {block.planes + from, block.stride, size - from, words};
                if (part.n > piece) part.n = piece;
                size_t n_hits = kernel->select(queries + q * words, &part, worst - 1,
                                               first + start + from, hits);
                for (size_t h = 0; h < n_hits; h++)
                    if (hits[h] < heap[0]) replace_root(heap, k, hits[h]);
            }
        }
    }
    for (size_t q = 0; q < n_queries; q++) sort_heap(keys + q * k, k);
    free(room);
    return 0;
}

int im_radius(const im_kernel *kernel, const uint64_t *queries, size_t n_queries,
              const uint64_t *codes, size_t n, size_t words, uint32_t radius,
              uint64_t first, int above, im_hits *hits) {
    const size_t per_block = im_block_codes(words);
    uint64_t *room = malloc((IM_BLOCK_ROOM + per_block + IM_SLACK) * sizeof *room);
    if (!room) return IM_NO_MEMORY;
    uint64_t *keys = room + IM_BLOCK_ROOM;
    int status = 0;
    if (radius > 64 * words) radius = (uint32_t)(64 * words);

    for (size_t start = 0; start < n && !status; start += per_block) {
        size_t size = n - start < per_block ? n - start : per_block;
        im_block block = im_block_of(codes + start * words, size, words, room);
        uint64_t from = first + start;
        for (size_t q = 0; q < n_queries && !status; q++) {
            size_t skip = above && q + 1 > from ? q + 1 - from : 0;
            if (skip >= size) break; /* later queries have no codes here either */
            im_block rest = {block.planes + skip, block.stride, size - skip, words};
            size_t n_keys = kernel->select(queries + q * words, &rest, radius,
                                           from + skip, keys);
            if (n_keys) status = im_hits_append(hits, q, keys, n_keys);
        }
    }
    free(room);
    return status;
}
