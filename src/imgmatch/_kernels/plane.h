/* Transforms of the plane: least-squares fits and their errors. */
#ifndef IM_PLANE_H
#define IM_PLANE_H

#include <stddef.h>

/* How many pairs of points determine it. */
typedef enum { IM_SIMILARITY = 2, IM_AFFINE = 3, IM_HOMOGRAPHY = 4 } im_model;

/* n points (x, y) of the source, those of the target, and the weight of each pair:
 * one of weight 0 is left out. */
typedef struct {
    size_t n;
    const double *source, *target, *weights;
} im_pairs;

/* Fit `homography`, row by row, whose last element is 1 unless it is 0. Returns 0
 * where the points are degenerate or the map folds the plane between them. */
int im_fit(im_model model, const im_pairs *pairs, double homography[9]);

/* Write to `errors` (n) how far the carried source points are from the target's;
 * infinity for a point without an image. The weights are not looked at. */
void im_transfer_errors(const double homography[9], const im_pairs *pairs,
                        double *errors);

#endif
