/* Lower bounds for the time of a Hamming search: counting bits without using the
 * counts, and reading the codes once. bench_hamming.py compiles this file for the
 * machine it runs on. */
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_WORDS = 4096 };

static inline uint64_t block_sum(const uint64_t *query, const uint64_t *codes,
                                 size_t n, size_t words) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < words; w++)
            sum += (uint64_t)__builtin_popcountll(query[w] ^ codes[i * words + w]);
    return sum;
}

/* Return the sum of all distances, computed block by block. */
uint64_t bare_loop(const uint64_t *queries, size_t n_queries, const uint64_t *codes,
                   size_t n, size_t words) {
    const size_t per_block = BLOCK_WORDS / words;
    uint64_t sum = 0;
    for (size_t start = 0; start < n; start += per_block) {
        size_t size = n - start < per_block ? n - start : per_block;
        const uint64_t *block = codes + start * words;
        for (size_t q = 0; q < n_queries; q++) {
            const uint64_t *query = queries + q * words;
            if (words == 1)
                sum += block_sum(query, block, size, 1);
            else if (words == 4)
                sum += block_sum(query, block, size, 4);
            else
                sum += block_sum(query, block, size, words);
        }
    }
    return sum;
}

uint64_t memory_pass(const uint64_t *codes, size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += codes[i];
    return sum;
}
