/* Align two images and compare their pixels. An image is `height` rows of `width`
 * pixels, without gaps. Functions get scratch space as `scratch`.
 */
#ifndef IM_PIXELS_H
#define IM_PIXELS_H

#include <stddef.h>
#include <stdint.h>

/* --- aligning --- */

/* Remove the effects of lighting and tone: level := 128 + 42 (level - mean) /
 * (deviation + 4). Mean and standard deviation are local, weighted by a Gaussian of 6
 * pixels. `scratch` holds im_flatten_scratch floats. */
size_t im_flatten_scratch(size_t height, size_t width);
void im_flatten(const uint8_t *grey, size_t height, size_t width, float *scratch,
                uint8_t *flat);

/* Margin, in pixels, without corners: the reach of a corner's window. */
enum { IM_CORNER_MARGIN = 4 };

typedef struct {
    int32_t x, y;
    float strength;
} im_corner;

/* Find the strongest corner of each cell of `cell` by `cell` pixels, within the mask
 * `where`. At a corner the smaller eigenvalue of the structure tensor is a local
 * maximum (Shi and Tomasi, "Good features to track", CVPR 1994). `corners` has one
 * entry for every cell, row by row; the strength is 0 for a cell without a corner.
 * `scratch` holds im_corners_scratch bytes. */
size_t im_corners_scratch(size_t width);
void im_corners(const uint8_t *flat, const uint8_t *where, size_t height, size_t width,
                size_t cell, void *scratch, im_corner *corners);

/* A pyramid: an image at full, half, quarter, ... size. Around each level is a frame of
 * IM_TRACK_FRAME pixels, which repeat those at the edge. */
enum { IM_TRACK_LEVELS = 3, IM_TRACK_FRAME = 12 };

typedef struct {
    size_t height, width;
    uint8_t *pixels; /* the first pixel of the frame */
} im_track_level;

/* Build the levels in `scratch`, which holds im_track_scratch bytes. */
size_t im_track_scratch(size_t height, size_t width);
void im_track_build(const uint8_t *flat, size_t height, size_t width, uint8_t *scratch,
                    im_track_level levels[IM_TRACK_LEVELS]);

/* Track n points (x, y) from one image to another of the same size and back, by windows
 * of 13 by 13 pixels, from level `coarsest` down to the finest. Write the positions
 * found. Write NaN for a point that is lost or that comes back `miss` pixels or more
 * from its start. */
void im_track(const im_track_level from[IM_TRACK_LEVELS],
              const im_track_level to[IM_TRACK_LEVELS], int coarsest,
              const float *points, size_t n, float miss, float *found);

/* --- comparing --- */

/* Side of the window around a pixel. Beyond the edge of the image, a window sees the
 * image reflected. */
enum { IM_WINDOW = 11 };

/* Compute for each pixel the correlation (ZNCC, -1 to 1) of the windows of two images
 * of levels 0 to 255. Also compute the variance of either window, and its variance
 * about the least-squares plane (`first_uneven`, `second_uneven`). The correlation
 * divides by variances of at least `least`. Pixels are rounded to a sixteenth of a
 * level. `scratch` holds im_correlate_scratch bytes. */
size_t im_correlate_scratch(size_t height, size_t width);
void im_correlate(const float *first, const float *second, size_t height, size_t width,
                  float least, void *scratch, float *correlation, float *first_variance,
                  float *second_variance, float *first_uneven, float *second_uneven);

/* Distance, in pixels, from a pixel to those on either side that show whether its
 * gradient is constant. */
enum { IM_BEND_REACH = 3 };

/* Find pixels of gradual shading. Their Sobel gradient is above `slope` levels a pixel
 * and below `contrast` times the range of levels in their window, and it is not
 * constant: in one of four directions, the sum of the two levels on either side differs
 * from twice the pixel's level by more than `bend`. `scratch` holds im_shades_scratch
 * bytes. */
size_t im_shades_scratch(size_t height, size_t width);
void im_shades(const float *grey, size_t height, size_t width, float slope,
               float contrast, float bend, void *scratch, uint8_t *shades);

/* Pixels from one sparse window to the next. The windows still overlap. */
enum { IM_SPARSE = 4 };

/* Number of sparse windows along a side of `pixels` pixels; none crosses the edge. */
size_t im_sparse_windows(size_t pixels);

/* Mean squared difference of two images over windows IM_SPARSE pixels apart. No window
 * crosses the edge. `scratch` holds `width` floats. */
void im_sparse_energy(const float *first, const float *second, size_t height,
                      size_t width, float *scratch, float *energy);

#endif
