/* Each correspondence proposes a similarity transform; the others vote for it. */
#ifndef IM_SIMILARITY_H
#define IM_SIMILARITY_H

#include <stddef.h>
#include <stdint.h>

/* n correspondences, one array for each field: position in the source (x, y) and in the
 * target (u, v). A correspondence also has a scale and a rotation (cos, sin), so it
 * defines a similarity by itself. */
typedef struct {
    size_t n;
    const float *x, *y, *u, *v, *scale, *cos, *sin;
    const float *slack; /* error that the voter allows, in target pixels */
} im_similarities;

/* Further limits for a vote. */
typedef struct {
    float drift;  /* further error allowed for each target pixel of distance */
    float ratio;  /* upper limit of the ratio of two scales */
    float cosine; /* lower limit of the cosine of the angle between two rotations */
} im_agreement;

/* Write to `support` (m, n) whether correspondence j votes for the similarity of
 * rows[i], and to `votes` (m,) how many do. */
void im_similarity_votes(const im_similarities *all, const im_agreement *limits,
                         const int32_t *rows, size_t m, uint8_t *support,
                         int32_t *votes);

#endif
