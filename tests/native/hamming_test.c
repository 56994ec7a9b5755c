/* Compare every kernel with counting bit by bit, without Python: for sanitizers, and
 * for instruction sets that only an emulator has. Prints what it has checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamming.h"

#define CHECK(truth)                                                                   \
    do {                                                                               \
        if (!(truth)) {                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #truth);                \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

static uint64_t state = 1;

static uint64_t random_word(void) { /* splitmix64 */
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Allocate exactly n codes, so that a sanitizer detects any read past the end. */
static uint64_t *random_codes(size_t n, size_t words) {
    uint64_t *codes = malloc((n ? n * words : 1) * sizeof *codes);
    CHECK(codes);
    for (size_t i = 0; i < n * words; i++) {
        codes[i] = random_word();
        if (random_word() % 8 == 0) codes[i] = random_word() % 2 ? UINT64_MAX : 0;
    }
    return codes;
}

static uint32_t count_bits(const uint64_t *a, const uint64_t *b, size_t words) {
    uint32_t sum = 0;
    for (size_t w = 0; w < words; w++)
        for (int bit = 0; bit < 64; bit++) sum += (a[w] ^ b[w]) >> bit & 1;
    return sum;
}

static void check_block(const im_kernel *kernel, size_t n, size_t words) {
    uint64_t *codes = random_codes(n, words), *query = random_codes(1, words);
    uint64_t *room = malloc(IM_BLOCK_ROOM * sizeof *room);
    uint64_t *hits = malloc((n + IM_SLACK) * sizeof *hits);
    int16_t *distances = malloc((n + 1) * sizeof *distances);
    CHECK(room && hits && distances);
    im_block block = im_block_of(codes, n, words, room);

    int16_t least = INT16_MAX;
    int16_t returned = kernel->distances(query, &block, distances);
    for (size_t i = 0; i < n; i++) {
        CHECK(distances[i] == (int16_t)count_bits(query, codes + i * words, words));
        if (distances[i] < least) least = distances[i];
    }
    CHECK(returned == least);

    const uint32_t middle = (uint32_t)(32 * words), most = (uint32_t)(64 * words);
    const uint32_t limits[] = {0, 10, middle, most};
    for (size_t l = 0; l < 4; l++) {
        size_t n_hits = kernel->select(query, &block, limits[l], 7, hits), at = 0;
        for (size_t i = 0; i < n; i++)
            if ((uint32_t)distances[i] <= limits[l])
                CHECK(hits[at++] == im_key((uint64_t)distances[i], 7 + i));
        CHECK(at == n_hits);
    }
    free(codes);
    free(query);
    free(room);
    free(hits);
    free(distances);
}

int main(void) {
    for (const im_kernel *const *kernel = im_kernels; *kernel; kernel++) {
        if (!(*kernel)->supported()) {
            printf("%s: not on this machine\n", (*kernel)->name);
            continue;
        }
        for (size_t words = 1; words <= IM_MAX_WORDS; words++) {
            for (size_t n = 0; n <= im_block_codes(words) && n < 70; n++)
                check_block(*kernel, n, words);
            check_block(*kernel, im_block_codes(words), words);
        }
        printf("%s: agrees\n", (*kernel)->name);
    }
    return 0;
}
