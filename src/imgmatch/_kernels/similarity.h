/* Votes of correspondences for the similarity transforms that each proposes. */
#ifndef IM_SIMILARITY_H
#define IM_SIMILARITY_H

#include <stddef.h>
#include <stdint.h>

/* n correspondences, field by field: where they are in the source (x, y) and in the
 * target (u, v). Each is a similarity by itself, of a scale and a turn. */
typedef struct {
    size_t n;
    const float *x, *y, *u, *v, *scale, *cos, *sin;
    const float *slack; /* error allowed to a voter, in target pixels */
} im_similarities;

/* What else a voter is held to. */
typedef struct {
    float drift;  /* error allowed for each target pixel of distance */
    float ratio;  /* of two scales, at most */
    float cosine; /* of the angle between two turns, at least */
} im_agreement;

/* Write to `support` (m, n) whether correspondence j votes for the similarity of
 * rows[i], and to `votes` (m,) how many do. */
void im_similarity_votes(const im_similarities *all, const im_agreement *limits,
                         const int32_t *rows, size_t m, uint8_t *support,
                         int32_t *votes);

#endif
