/* Visual words, by which an inverted file sorts descriptors.
 *
 * A descriptor's 256 bits are projected onto 72 directions. The signs of the first 24
 * projections are its word, the signs of the other 48 its signature. Copies of a corner
 * have signatures that differ in few bits. If their words differ, they differ where a
 * projection is nearly zero, so a search knows which other words to look up. The table
 * of directions is trained by benchmarks/train_words.py.
 */
#ifndef IM_WORDS_H
#define IM_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
    IM_WORD_BITS = 24,
    IM_SIGNATURE_BITS = 48,
    IM_PROJECTIONS = IM_WORD_BITS + IM_SIGNATURE_BITS,
    IM_TABLE_ROWS = 64 * 16 + 1,
    IM_MAX_PROBES = 64
};

typedef struct {
    uint64_t signature;
    uint32_t word;
    int16_t margins[IM_WORD_BITS]; /* absolute projection of each bit */
} im_word;

/* Return the word of a descriptor. `table` (IM_TABLE_ROWS, 72) holds what each value of
 * each four bits adds to the projections, and the thresholds in the last row. No sum
 * overflows 16 bits. */
im_word im_word_of(const uint64_t *descriptor, const int16_t *table);

/* Write the words that a copy may have, likeliest first: the word itself, then the
 * words whose turned bits have the least sum of margins. Returns how many, at most
 * `limit`, which is at most IM_MAX_PROBES. */
size_t im_word_probes(const im_word *word, size_t limit, uint32_t *probes);

#endif
