/* ORB (Rublee et al., ICCV 2011) on one pyramid level: FAST-9 corners spread over
 * the picture, oriented by their intensity centroid, described by rotated BRIEF.
 *
 * All arithmetic that decides a keypoint or a bit is on integers or correctly
 * rounded, so every machine and compiler gives the same features.
 */
#ifndef IM_ORB_H
#define IM_ORB_H

#include <stddef.h>
#include <stdint.h>

/* Pixels that must be readable on every side of a level: what the descriptor's
 * rotated pattern reaches (13 * sqrt(2), rounded up). */
enum { IM_ORB_BORDER = 19 };

/* Longest side of a level, so that coordinates and stride fit in 16 bits. */
enum { IM_ORB_MAX_SIDE = INT16_MAX - 2 * IM_ORB_BORDER };

typedef struct {
    float x, y;     /* pixels of the level, to a fraction */
    float cos, sin; /* direction, from x towards y */
} im_orb_keypoint;

/* Find at most `quota` corners whose FAST score exceeds `threshold`, the
 * strongest of each cell of a grid first. `level` is the pixel (0, 0) of a
 * picture of width x height with IM_ORB_BORDER readable pixels around it.
 * Returns how many were written to `out`, or -1 if memory ran out. */
int im_orb_detect(const uint8_t *level, ptrdiff_t stride, int width, int height,
                  uint8_t threshold, int quota, im_orb_keypoint *out);

/* Describe keypoints by 256 bits each, from a level smoothed and bordered as
 * above. With `mirrored`, write what the mirrored picture would give at the
 * mirrored keypoints. */
void im_orb_describe(const uint8_t *smooth, ptrdiff_t stride,
                     const im_orb_keypoint *keypoints, int count, int mirrored,
                     uint64_t (*out)[4]);

#endif
