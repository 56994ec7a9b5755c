/* From votes to the originals whose votes agree on a similarity transform. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "postings.h"
#include "similarity.h"

enum {
    MOST = 256, /* votes of one original that are examined */
    FIELDS = 8  /* of im_similarities */
};

/* Keypoint of an original, in the unit of that original. */
typedef struct {
    float x, y, scale, angle;
} im_unpacked;

static const float TURN = 6.2831853f;

/* Looser than the geometry of a pair later: the keypoint of a posting is rounded, and
 * one of few votes must serve as the similarity transform of all. */
static const im_agreement LIMITS = {.drift = 0.2f, .ratio = 1.7f, .cosine = 0.8f};
static const float SLACK = 6; /* pixels of the suspect's pyramid level */

static im_unpacked unpacked(uint32_t bits) {
    const uint32_t side = (1u << IM_POSITION_BITS) - 1, scale = (1u << IM_SCALE_BITS) - 1;
    im_unpacked out;
    out.x = (float)(bits & side);
    out.y = (float)(bits >> IM_POSITION_BITS & side);
    out.scale = exp2f((float)(bits >> 2 * IM_POSITION_BITS & scale) / IM_SCALE_STEPS +
                      IM_SCALE_LEAST);
    out.angle = (float)(bits >> (2 * IM_POSITION_BITS + IM_SCALE_BITS)) * TURN /
                (1 << IM_ANGLE_BITS);
    return out;
}

/* Sort by key, ascending and stable, by digits of 11 bits. */
static int sort(im_vote *votes, size_t n) {
    enum { BITS = 11, DIGITS = 1 << BITS };
    uint32_t varying = 0;
    for (size_t i = 1; i < n; i++) varying |= votes[i].key ^ votes[0].key;
    im_vote *spare = malloc((n + 1) * sizeof *spare), *from = votes, *to = spare;
    if (!spare) return IM_NO_MEMORY;
    for (int shift = 0; shift < 32 && varying >> shift; shift += BITS) {
        size_t at[DIGITS] = {0}, sum = 0;
        for (size_t i = 0; i < n; i++) at[from[i].key >> shift & (DIGITS - 1)]++;
        for (size_t d = 0; d < DIGITS; d++) {
            size_t count = at[d];
            at[d] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            to[at[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
        im_vote *swap = from;
        from = to;
        to = swap;
    }
    if (from != votes) memcpy(votes, from, n * sizeof *votes);
    free(spare);
    return 0;
}

/* Count the agreeing votes; count no feature of either image twice. */
static size_t distinct(const im_vote *votes, size_t n, const uint8_t *support) {
    const uint32_t position = (1u << 2 * IM_POSITION_BITS) - 1;
    const im_vote *counted[MOST];
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!support[i]) continue;
        size_t j = 0;
        while (j < m && counted[j]->query != votes[i].query &&
               (counted[j]->keypoint ^ votes[i].keypoint) & position)
            j++;
        if (j == m) counted[m++] = votes + i;
    }
    return m;
}

/* The most votes that agree with the similarity transform that one of them proposes. */
static size_t agreeing(const im_vote *votes, size_t n, const im_suspect *suspect,
                       size_t least, float *fields, uint8_t *support) {
    float *field[FIELDS];
    int32_t rows[MOST] = {0}, counts[MOST];
    for (size_t f = 0; f < FIELDS; f++) field[f] = fields + f * MOST;
    for (size_t i = 0; i < n; i++) {
        im_unpacked reference = unpacked(votes[i].keypoint);
        im_keypoint query = suspect->keypoints[votes[i].query];
        float turn = query.angle - reference.angle;
        const float values[FIELDS] = {reference.x, reference.y, query.x, query.y,
                                      query.scale / reference.scale, cosf(turn),
                                      sinf(turn), SLACK * query.scale};
        for (size_t f = 0; f < FIELDS; f++) field[f][i] = values[f];
        rows[i] = (int32_t)i;
    }
    im_similarities all = {n, field[0], field[1], field[2], field[3],
                           field[4], field[5], field[6], field[7]};
    im_similarity_votes(&all, &LIMITS, rows, n, support, counts);
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (counts[i] > counts[best]) best = i;
    if ((size_t)counts[best] < least) return 0;
    return distinct(votes, n, support + best * n);
}

ptrdiff_t im_postings_rank(im_votes *votes, const im_suspect *suspect, size_t least,
                           im_candidate *candidates) {
    float *fields = malloc(FIELDS * MOST * sizeof *fields);
    uint8_t *support = malloc((size_t)MOST * MOST);
    ptrdiff_t n = fields && support ? sort(votes->items, votes->n) : IM_NO_MEMORY;
    for (size_t start = 0, stop; start < votes->n && n >= 0; start = stop) {
        const im_vote *group = votes->items + start;
        for (stop = start + 1; stop < votes->n; stop++)
            if (votes->items[stop].key != group->key) break;
        size_t size = stop - start < MOST ? stop - start : MOST;
        if (size < least) continue;
        size_t agree = agreeing(group, size, suspect, least, fields, support);
        if (agree < least) continue;
        candidates[n++] = (im_candidate){group->key, (uint16_t)size, (uint16_t)agree};
    }
    free(fields);
    free(support);
    return n;
}
