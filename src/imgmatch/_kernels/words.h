/* Words: what an inverted file sorts descriptors by.
 *
 * A descriptor's 256 bits are projected onto 72 directions; the signs of the
 * first 24 are its word, those of the other 48 its signature. Copies of a corner
 * have signatures that differ in few bits, and words that differ, if at all,
 * where the projection was nearly zero: so a search knows which other words to
 * look under. The table of directions is trained by benchmarks/train_words.py.
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
    int16_t margins[IM_WORD_BITS]; /* how far each bit is from turning */
} im_word;

/* `table` (IM_TABLE_ROWS, 72): what each value of each four bits adds to the
 * projections, and in the last row the thresholds. No sum leaves 16 bits. */
im_word im_word_of(const uint64_t *descriptor, const int16_t *table);

/* The words that a copy may have, likeliest first, beginning with the word itself:
 * those whose turned bits have the least sum of margins. Returns how many, at most
 * `limit`, which is at most IM_MAX_PROBES. */
size_t im_word_probes(const im_word *word, size_t limit, uint32_t *probes);

#endif
