/* ORB (Rublee et al., ICCV 2011) on one pyramid level: FAST-9 corners spread over
 * the image, oriented by their intensity centroid, described by rotated BRIEF.
 *
 * All arithmetic that decides a keypoint or a bit is integer or correctly rounded, so
 * every machine and compiler gives the same features.
 */
#ifndef IM_ORB_H
#define IM_ORB_H

#include <stddef.h>
#include <stdint.h>

/* Pixels that must be readable on every side of a level. It is the reach of the
 * descriptor's rotated pattern (13 * sqrt(2), rounded up). */
enum { IM_ORB_BORDER = 19 };

/* Longest side of a level, so that coordinates and stride fit in 16 bits. */
enum { IM_ORB_MAX_SIDE = INT16_MAX - 2 * IM_ORB_BORDER };

typedef struct {
    float x, y;     /* pixels of the level, with a fraction */
    float cos, sin; /* of the direction, from x towards y */
} im_orb_keypoint;

/* Find at most `quota` corners whose FAST score exceeds `threshold`. The strongest
 * corners of each grid cell come first. `level` points to pixel (0, 0) of an image of
 * width x height with IM_ORB_BORDER readable pixels around it. Returns how many corners
 * were written to `out`, or -1 if memory ran out. */
int im_orb_detect(const uint8_t *level, ptrdiff_t stride, int width, int height,
                  uint8_t threshold, int quota, im_orb_keypoint *out);

/* Describe each keypoint by 256 bits, from a smoothed level with a border as above.
 * With `mirrored`, write the descriptors of the mirrored image at the mirrored
 * keypoints. */
void im_orb_describe(const uint8_t *smooth, ptrdiff_t stride,
                     const im_orb_keypoint *keypoints, int count, int mirrored,
                     uint64_t (*out)[4]);

#endif
