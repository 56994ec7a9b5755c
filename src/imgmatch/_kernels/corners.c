#include "pixels.h"

#include <math.h>

/* Only every second row is examined. This halves the work and moves a corner by at most
 * a pixel. A window has 5 columns and 3 of these rows. */
enum { WINDOW_ROWS = 3, STEP = 2, PLANES = 3 };

size_t im_corners_scratch(size_t width)
{
    return width * ((WINDOW_ROWS + 1) * PLANES * sizeof(int32_t) + 3 * sizeof(float));
}

/* Products of the Sobel gradients of the pixels of a row. */
static void multiply_slopes(const uint8_t *row, size_t width, int32_t *restrict xx,
                            int32_t *restrict xy, int32_t *restrict yy)
{
    const uint8_t *above = row - width, *below = row + width;
    for (size_t x = 1; x < width - 1; x++) {
        const int16_t dx = (int16_t)(above[x + 1] - above[x - 1] + below[x + 1] -
                                     below[x - 1] + 2 * (row[x + 1] - row[x - 1]));
        const int16_t dy = (int16_t)(below[x - 1] - above[x - 1] + below[x + 1] -
                                     above[x + 1] + 2 * (below[x] - above[x]));
        xx[x] = (int32_t)dx * dx;
        xy[x] = (int32_t)dx * dy;
        yy[x] = (int32_t)dy * dy;
    }
}

/* Twice the smaller eigenvalue of the structure tensor of each pixel of a row. `xx`,
 * `xy` and `yy` hold the products summed over the rows of the window. */
static void rate(const int32_t *xx, const int32_t *xy, const int32_t *yy, size_t width,
                 float *restrict strength)
{
    for (size_t x = 3; x < width - 3; x++) {
        const float a = (float)(xx[x - 2] + xx[x - 1] + xx[x] + xx[x + 1] + xx[x + 2]);
        const float b = (float)(xy[x - 2] + xy[x - 1] + xy[x] + xy[x + 1] + xy[x + 2]);
        const float c = (float)(yy[x - 2] + yy[x - 1] + yy[x] + yy[x + 1] + yy[x + 2]);
        strength[x] = a + c - sqrtf((a - c) * (a - c) + 4 * b * b);
    }
}

/* Whether a pixel is a local maximum: stronger than the neighbours before it, at least
 * as strong as those after it. */
static int peaks(const float *above, const float *row, const float *below, size_t x)
{
    const float level = row[x];
    return level > row[x - 1] && level >= row[x + 1] && level > above[x - 1] &&
           level > above[x] && level > above[x + 1] && level >= below[x - 1] &&
           level >= below[x] && level >= below[x + 1];
}

/* Keep the strongest local maximum of a row within the mask, for each cell. */
static void choose(const float *above, const float *row, const float *below,
                   const uint8_t *where, size_t y, size_t width, size_t cell,
                   im_corner *corners)
{
    for (size_t start = 0; start < width; start += cell, corners++) {
        const size_t end = start + cell < width ? start + cell : width;
        const size_t last = end < width - IM_CORNER_MARGIN ? end : width - IM_CORNER_MARGIN;
        for (size_t x = start < IM_CORNER_MARGIN ? IM_CORNER_MARGIN : start; x < last; x++)
            if (row[x] > corners->strength && where[x] && peaks(above, row, below, x))
                *corners = (im_corner){(int32_t)x, (int32_t)y, row[x]};
    }
}

void im_corners(const uint8_t *flat, const uint8_t *where, size_t height, size_t width,
                size_t cell, void *scratch, im_corner *corners)
{
    const size_t across = (width + cell - 1) / cell, down = (height + cell - 1) / cell;
    for (size_t i = 0; i < across * down; i++)
        corners[i] = (im_corner){0, 0, 0};
    if (width <= 2 * IM_CORNER_MARGIN)
        return;
    int32_t *products = scratch, *sums = products + WINDOW_ROWS * PLANES * width;
    float *strengths = (float *)(sums + PLANES * width);
    for (size_t i = 0; i < PLANES * width; i++)
        sums[i] = 0;

    /* Examined row i is row 1 + i * STEP of the image. Its strength is known when row i
     * + 1 is read, and whether it is a maximum when row i + 2 is read. */
    for (size_t i = 0; STEP * i + 2 < height; i++) {
        int32_t *newest = products + i % WINDOW_ROWS * PLANES * width;
        if (i >= WINDOW_ROWS)
            for (size_t x = 0; x < PLANES * width; x++)
                sums[x] -= newest[x];
        newest[0] = newest[width] = newest[2 * width] = 0;
        newest[width - 1] = newest[2 * width - 1] = newest[3 * width - 1] = 0;
        multiply_slopes(flat + (1 + STEP * i) * width, width, newest, newest + width,
                        newest + 2 * width);
        for (size_t x = 0; x < PLANES * width; x++)
            sums[x] += newest[x];
        if (i + 1 < WINDOW_ROWS)
            continue;
        rate(sums, sums + width, sums + 2 * width, width, strengths + (i - 1) % 3 * width);
        if (i < WINDOW_ROWS + 1)
            continue;
        const size_t y = 1 + STEP * (i - 2);
        choose(strengths + (i - 3) % 3 * width, strengths + (i - 2) % 3 * width,
               strengths + (i - 1) % 3 * width, where + y * width, y, width, cell,
               corners + y / cell * across);
    }
}
