/* Transforms of the plane: least-squares fits and their errors. */
#ifndef IM_PLANE_H
#define IM_PLANE_H

#include <stddef.h>

/* A model of a transform. Its value is the number of point pairs that determine it. */
typedef enum { IM_SIMILARITY = 2, IM_AFFINE = 3, IM_HOMOGRAPHY = 4 } im_model;

/* n points (x, y) of the source and of the target, and the weight of each pair. A pair
 * of weight 0 is ignored. */
typedef struct {
    size_t n;
    const double *source, *target, *weights;
} im_pairs;

/* Fit a model by weighted least squares. Write `homography` row by row, scaled so that
 * the last element is 1 unless it is 0. Returns 0 if the points are degenerate or the
 * map folds the plane between them, else 1. */
int im_fit(im_model model, const im_pairs *pairs, double homography[9]);

/* Write to `errors` (n) the distance of each mapped source point from its target point;
 * infinity for a source point that the map sends to infinity. Weights are ignored. */
void im_transfer_errors(const double homography[9], const im_pairs *pairs,
                        double *errors);

#endif
