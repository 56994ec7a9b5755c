/* The substring of a code that one table of a multi-index sorts by. */
#ifndef IM_HAMMING_SUBSTRING_H
#define IM_HAMMING_SUBSTRING_H

#include "hamming.h"

typedef struct {
    size_t word, shift, bits;
} im_substring;

/* Divide the bits of a code evenly among the tables; each gets at most 32. */
IM_INLINE im_substring im_substring_of(size_t words, size_t tables, size_t table) {
    size_t from = 64 * words * table / tables;
    size_t to = 64 * words * (table + 1) / tables;
    return (im_substring){from / 64, from % 64, to - from};
}

/* Value of a substring. `stride` is the step from one word of the code to the next. */
IM_INLINE uint32_t im_substring_value(im_substring part, const uint64_t *code,
                                      size_t stride) {
    uint64_t value = code[part.word * stride] >> part.shift;
    if (part.shift + part.bits > 64)
        value |= code[(part.word + 1) * stride] << (64 - part.shift);
    return (uint32_t)(value & (((uint64_t)1 << part.bits) - 1));
}

#endif
