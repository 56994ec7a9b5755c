/* Pictures laid on each other: what it takes to align them, and to tell whether
 * their pixels are the same. A picture is `height` rows of `width`, without gaps.
 */
#ifndef IM_PIXELS_H
#define IM_PIXELS_H

#include <stddef.h>
#include <stdint.h>

/* --- aligning --- */

/* Take off what light and tone do to a picture: a level becomes 128 and 42 for each
 * standard deviation, plus 4 levels, that it is from the mean around it. Both are
 * weighted by a Gaussian of 6 pixels. `room` holds im_flatten_room floats. */
size_t im_flatten_room(size_t height, size_t width);
void im_flatten(const uint8_t *grey, size_t height, size_t width, float *room,
                uint8_t *flat);

/* Pixels of either side that no corner lies on: its window reaches so far. */
enum { IM_CORNER_MARGIN = 4 };

typedef struct {
    int32_t x, y;
    float strength;
} im_corner;

/* The strongest corner within `where` of each `cell` by `cell` pixels: the lesser
 * eigenvalue of the structure around it is a local maximum (Shi and Tomasi, "Good
 * features to track", CVPR 1994). There is one for every cell of the picture, row by
 * row, and cells without any have one of strength 0. `room` holds im_corners_room
 * bytes. */
size_t im_corners_room(size_t width);
void im_corners(const uint8_t *flat, const uint8_t *where, size_t height, size_t width,
                size_t cell, void *room, im_corner *corners);

/* A picture at full, half, quarter .. size, each level with a frame of repeated
 * pixels around it. */
enum { IM_TRACK_LEVELS = 3, IM_TRACK_FRAME = 12 };

typedef struct {
    size_t height, width;
    uint8_t *pixels; /* of the frame's corner */
} im_track_level;

/* Lay the levels out in `room` of im_track_room bytes. */
size_t im_track_room(size_t height, size_t width);
void im_track_build(const uint8_t *flat, size_t height, size_t width, uint8_t *room,
                    im_track_level levels[IM_TRACK_LEVELS]);

/* Follow n points (x, y) from one picture to another of the same size and back, by
 * windows of 13 by 13, from level `coarsest` on. Write where they are found, or not a
 * number where they are lost or come back more than `miss` from their start. */
void im_track(const im_track_level from[IM_TRACK_LEVELS],
              const im_track_level to[IM_TRACK_LEVELS], int coarsest,
              const float *points, size_t n, float miss, float *found);

/* --- comparing --- */

/* Side of the window around a pixel. One that hangs over the picture's side sees the
 * picture reflected there. */
enum { IM_WINDOW = 11 };

/* Correlation (ZNCC, -1 to 1) of the windows of two pictures of 0 to 255, and their
 * variances, of which `least` is taken at least to divide by, with what a slope (the
 * plane of least squares) leaves of them. Pixels are rounded to a sixteenth of a level.
 * `room` holds im_correlate_room bytes. */
size_t im_correlate_room(size_t height, size_t width);
void im_correlate(const float *first, const float *second, size_t height, size_t width,
                  float least, void *room, float *correlation, float *first_variance,
                  float *second_variance, float *first_uneven, float *second_uneven);

/* Pixels to either side of one that tell whether its slope bends. */
enum { IM_BEND_REACH = 3 };

/* Tell which pixels slope by more than `slope` levels a pixel, by Sobel's filter, but
 * by less than `contrast` times the range of levels in their window, and not evenly: in
 * one of the four directions the levels to either side are, together, more than `bend`
 * from twice the pixel's. `room` holds im_shades_room bytes. */
size_t im_shades_room(size_t height, size_t width);
void im_shades(const float *grey, size_t height, size_t width, float slope,
               float contrast, float bend, void *room, uint8_t *shades);

/* Pixels from one sparse window to the next: they overlap still. */
enum { IM_SPARSE = 4 };

/* How many windows lie in so many pixels, side by side: the first ends 11 pixels in. */
size_t im_sparse_windows(size_t pixels);

/* Mean squared difference of two pictures over windows IM_SPARSE pixels apart, none of
 * which hangs over a side. `room` holds `width` floats. */
void im_sparse_energy(const float *first, const float *second, size_t height,
                      size_t width, float *room, float *energy);

#endif
