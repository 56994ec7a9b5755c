/* Merge several inverted files into one. */
#include <stdlib.h>

#include "postings.h"

typedef struct {
    size_t at;
    uint32_t bucket, word; /* of posting `at`; word is UINT32_MAX after the last */
} im_head;

static void find_word(const im_postings *part, im_head *head) {
    if (head->at >= part->n) {
        head->word = UINT32_MAX;
        return;
    }
    const uint32_t last = ((uint32_t)1 << (IM_WORD_BITS - part->shift)) - 1;
    while (head->bucket < last && part->starts[head->bucket + 1] <= head->at)
        head->bucket++;
    const uint32_t low = ((uint32_t)1 << part->shift) - 1;
    head->word = head->bucket << part->shift | ((uint32_t)part->codes[head->at] & low);
}

ptrdiff_t im_postings_merge(const im_postings *parts, size_t n_parts,
                            const uint32_t *const *names, int shift, size_t room,
                            uint64_t *codes, uint32_t *rows, uint32_t *keypoints,
                            uint32_t *starts) {
    im_head *heads = malloc((n_parts + 1) * sizeof *heads);
    if (!heads) return IM_NO_MEMORY;
    size_t n = 0;
    uint32_t bucket = 0;
    for (size_t p = 0; p < n_parts; p++) {
        heads[p] = (im_head){0, 0, 0};
        find_word(parts + p, heads + p);
    }
    for (;;) {
        uint32_t word = UINT32_MAX;
        for (size_t p = 0; p < n_parts; p++)
            if (heads[p].word < word) word = heads[p].word;
        if (word == UINT32_MAX) break;
        while (bucket <= word >> shift) starts[bucket++] = (uint32_t)n;
        for (size_t p = 0; p < n_parts; p++) {
            const im_postings *part = parts + p;
            for (; heads[p].word == word; heads[p].at++, find_word(part, heads + p)) {
                uint32_t row = part->rows[heads[p].at];
                uint32_t name = row < part->n_rows ? names[p][row] : UINT32_MAX;
                if (name == UINT32_MAX || n == room) continue;
                codes[n] = part->codes[heads[p].at];
                rows[n] = name;
                keypoints[n++] = part->keypoints[heads[p].at];
            }
        }
    }
    while (bucket <= (uint32_t)1 << (IM_WORD_BITS - shift)) starts[bucket++] = (uint32_t)n;
    free(heads);
    return (ptrdiff_t)n;
}
