#include "pixels.h"
#include "wide.h"

#include <math.h>

/* Levels are rounded to sixteenths and centred, so that the sums of products over a
 * window are integers of 32 bits. Running sums of integers do not drift. */
enum { STEPS = 16, MIDDLE = 128 * STEPS, REACH = IM_WINDOW / 2, PIXELS = IM_WINDOW * IM_WINDOW };

static size_t framed(size_t pixels)
{
    return pixels + 2 * REACH;
}

/* Index of the pixel that index i shows; beyond either end the image is reflected. */
static size_t reflected(ptrdiff_t i, size_t n)
{
    const ptrdiff_t last = (ptrdiff_t)n - 1;
    while (last && (i < 0 || i > last))
        i = i < 0 ? -i : 2 * last - i;
    return last ? (size_t)i : 0;
}

/* Round an image and put a frame around it that reflects it. */
IM_INLINE void put_frame(const float *grey, size_t height, size_t width, int16_t *out)
{
    const size_t wide = framed(width);
    for (size_t y = 0; y < framed(height); y++, out += wide) {
        const float *row = grey + reflected((ptrdiff_t)y - REACH, height) * width;
        int16_t *restrict inner = out + REACH;
        for (size_t x = 0; x < width; x++) {
            float level = row[x] * STEPS + 0.5f;
            level = level < 0 ? 0 : level;
            level = level < 255 * STEPS + 0.5f ? level : 255 * STEPS + 0.5f;
            inner[x] = (int16_t)((int32_t)level - MIDDLE);
        }
        for (size_t x = 0; x < REACH; x++) {
            out[x] = inner[reflected((ptrdiff_t)x - REACH, width)];
            inner[width + x] = inner[reflected((ptrdiff_t)(width + x), width)];
        }
    }
}

/* --- correlation --- */

/* Sums over the rows of the window, for each column: of either image, of their squares
 * and product, and of either image times the row's offset, -REACH to REACH. */
enum { FIRST, SECOND, FIRST_SQUARE, SECOND_SQUARE, PRODUCT, FIRST_DOWN, SECOND_DOWN, PLANES };

/* Mean square of the offsets -REACH to REACH of the columns or rows of a window. */
static const float SPREAD = REACH * (REACH + 1) / 3.f;

size_t im_correlate_scratch(size_t height, size_t width)
{
    return (2 * framed(height) * sizeof(int16_t) + (2 * PLANES + 2) * sizeof(int32_t)) *
           framed(width);
}

/* Move the windows down by a row: add the new row, subtract the old one. */
IM_INLINE void move_on(const int16_t *first, const int16_t *second,
                       const int16_t *old_first, const int16_t *old_second, size_t n,
                       int32_t *restrict sums)
{
    for (size_t x = 0; x < n; x++) {
        const int16_t a = first[x], b = second[x], c = old_first[x], d = old_second[x];
        /* The offset of every row that stays is one less than before. */
        sums[FIRST_DOWN * n + x] += REACH * a + (REACH + 1) * c - sums[FIRST * n + x];
        sums[SECOND_DOWN * n + x] += REACH * b + (REACH + 1) * d - sums[SECOND * n + x];
        sums[FIRST * n + x] += a - c;
        sums[SECOND * n + x] += b - d;
        sums[FIRST_SQUARE * n + x] += a * a - c * c;
        sums[SECOND_SQUARE * n + x] += b * b - d * d;
        sums[PRODUCT * n + x] += a * b - c * d;
    }
}

/* Sum eleven columns around each pixel, from sums of two and of four columns. */
IM_INLINE void add_columns(const int32_t *sums, size_t width, int32_t *restrict twos,
                           int32_t *restrict fours, int32_t *restrict out)
{
    for (size_t x = 0; x < width + 8; x++)
        twos[x] = sums[x] + sums[x + 1];
    for (size_t x = 0; x < width + 4; x++)
        fours[x] = twos[x] + twos[x + 2];
    for (size_t x = 0; x < width; x++)
        out[x] = fours[x] + fours[x + 4] + twos[x + 8] + sums[x + 10];
}

/* Sum eleven columns, each times its offset, -REACH to REACH. */
IM_INLINE void add_across(const int32_t *sums, size_t width, int32_t *restrict out)
{
    for (size_t x = 0; x < width; x++) {
        const int32_t *middle = sums + x + REACH;
        out[x] = middle[1] - middle[-1] + 2 * (middle[2] - middle[-2]) +
                 3 * (middle[3] - middle[-3]) + 4 * (middle[4] - middle[-4]) +
                 5 * (middle[5] - middle[-5]);
    }
}

IM_INLINE void correlate_row(const int32_t *windows, size_t n, size_t width,
                             float least, float *restrict correlation,
                             float *restrict first_variance,
                             float *restrict second_variance)
{
    const int32_t *first = windows + FIRST * n, *second = windows + SECOND * n;
    const int32_t *first_square = windows + FIRST_SQUARE * n;
    const int32_t *second_square = windows + SECOND_SQUARE * n;
    const int32_t *product = windows + PRODUCT * n;
    const float share = 1.f / PIXELS, level = 1.f / (STEPS * STEPS);
    for (size_t x = 0; x < width; x++) {
        const float a = (float)first[x] * share, b = (float)second[x] * share;
        const float aa = ((float)first_square[x] * share - a * a) * level;
        const float bb = ((float)second_square[x] * share - b * b) * level;
        const float ab = ((float)product[x] * share - a * b) * level;
        correlation[x] = ab / sqrtf((aa > least ? aa : least) * (bb > least ? bb : least));
        first_variance[x] = aa;
        second_variance[x] = bb;
    }
}

/* Subtract from a variance the part that the least-squares plane explains. */
IM_INLINE void take_off_slope(const int32_t *across, const int32_t *down, size_t width,
                              const float *variance, float *restrict left)
{
    const float level = 1.f / (STEPS * PIXELS);
    for (size_t x = 0; x < width; x++) {
        const float a = (float)across[x] * level, d = (float)down[x] * level;
        left[x] = variance[x] - (a * a + d * d) / SPREAD;
    }
}

IM_WIDE void im_correlate(const float *first, const float *second, size_t height,
                          size_t width, float least, void *scratch, float *correlation,
                          float *first_variance, float *second_variance,
                          float *first_uneven, float *second_uneven)
{
    const size_t n = framed(width);
    int32_t *sums = scratch, *windows = sums + PLANES * n, *line = windows + PLANES * n;
    int16_t *a = (int16_t *)(line + 2 * n), *b = a + framed(height) * n;
    put_frame(first, height, width, a);
    put_frame(second, height, width, b);
    for (size_t x = 0; x < PLANES * n; x++)
        sums[x] = 0;
    int16_t *nothing = (int16_t *)line;
    for (size_t x = 0; x < n; x++)
        nothing[x] = 0;
    for (size_t y = 0; y < IM_WINDOW - 1; y++)
        move_on(a + y * n, b + y * n, nothing, nothing, n, sums);
    for (size_t y = 0; y < height; y++) {
        const size_t last = (y + IM_WINDOW - 1) * n, gone = y ? (y - 1) * n : 0;
        move_on(a + last, b + last, y ? a + gone : nothing, y ? b + gone : nothing, n,
                sums);
        for (size_t plane = 0; plane < PLANES; plane++)
            add_columns(sums + plane * n, width, line, line + n, windows + plane * n);
        const size_t row = y * width;
        correlate_row(windows, n, width, least, correlation + row, first_variance + row,
                      second_variance + row);
        add_across(sums + FIRST * n, width, line);
        take_off_slope(line, windows + FIRST_DOWN * n, width, first_variance + row,
                       first_uneven + row);
        add_across(sums + SECOND * n, width, line);
        take_off_slope(line, windows + SECOND_DOWN * n, width, second_variance + row,
                       second_uneven + row);
    }
}

/* --- shades --- */

size_t im_shades_scratch(size_t height, size_t width)
{
    return 3 * framed(height) * framed(width) * sizeof(int16_t);
}

/* Replace each of n values by the lesser, or greater, of itself and that `on` later. */
IM_INLINE void spread_least(int16_t *values, size_t n, size_t on)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] < values[i + on] ? values[i] : values[i + on];
}

IM_INLINE void spread_most(int16_t *values, size_t n, size_t on)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] > values[i + on] ? values[i] : values[i + on];
}

/* After these steps a value covers 2, 4, 8 and, by two overlapping spans of 8, 11. */
static const size_t ON[] = {1, 2, 4, 3};

/* Second difference: the sum of the levels `away` on either side, less twice the
 * pixel's own, without its sign. */
IM_INLINE int16_t bend_along(const int16_t *pixel, ptrdiff_t away)
{
    const int16_t both = (int16_t)(pixel[-away] + pixel[away] - 2 * pixel[0]);
    return both < 0 ? (int16_t)-both : both;
}

IM_INLINE int16_t larger(int16_t a, int16_t b)
{
    return a > b ? a : b;
}

IM_INLINE void shade_row(const int16_t *row, size_t wide, const int16_t *least,
                         const int16_t *most, size_t width, float slope, float contrast,
                         int16_t bend, uint8_t *restrict shades)
{
    const int16_t *above = row - wide, *below = row + wide;
    const ptrdiff_t down = IM_BEND_REACH * (ptrdiff_t)wide;
    for (size_t x = 0; x < width; x++) {
        const int16_t dx = (int16_t)(above[x + 1] - above[x - 1] + below[x + 1] -
                                     below[x - 1] + 2 * (row[x + 1] - row[x - 1]));
        const int16_t dy = (int16_t)(below[x - 1] - above[x - 1] + below[x + 1] -
                                     above[x + 1] + 2 * (below[x] - above[x]));
        const float square = (float)((int32_t)dx * dx + (int32_t)dy * dy);
        const float most_allowed = contrast * (float)(int16_t)(most[x] - least[x]);
        const int16_t level = larger(bend_along(row + x, IM_BEND_REACH),
                                     bend_along(row + x, down));
        const int16_t across = larger(bend_along(row + x, down + IM_BEND_REACH),
                                      bend_along(row + x, down - IM_BEND_REACH));
        shades[x] = (square > slope * slope) & (square < most_allowed * most_allowed) &
                    (larger(level, across) > bend);
    }
}

IM_WIDE void im_shades(const float *grey, size_t height, size_t width, float slope,
                       float contrast, float bend, void *scratch, uint8_t *shades)
{
    const size_t wide = framed(width), n = framed(height) * wide;
    int16_t *levels = scratch, *least = levels + n, *most = least + n;
    put_frame(grey, height, width, levels);
    for (size_t i = 0; i < n; i++)
        least[i] = most[i] = levels[i];
    size_t left = n;
    for (size_t i = 0; i < 4; i++) { /* values that mix two rows are never read */
        left -= ON[i];
        spread_least(least, left, ON[i]);
        spread_most(most, left, ON[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        left -= ON[i] * wide;
        spread_least(least, left, ON[i] * wide);
        spread_most(most, left, ON[i] * wide);
    }
    for (size_t y = 0; y < height; y++) /* Sobel's filter multiplies a gradient by 8 */
        shade_row(levels + (y + REACH) * wide + REACH, wide, least + y * wide,
                  most + y * wide, width, slope * 8 * STEPS, contrast * 8,
                  (int16_t)(bend * STEPS), shades + y * width);
}

/* --- energy --- */

size_t im_sparse_windows(size_t pixels)
{
    return pixels < IM_WINDOW ? 0 : (pixels - IM_WINDOW) / IM_SPARSE + 1;
}

void im_sparse_energy(const float *first, const float *second, size_t height,
                      size_t width, float *restrict scratch, float *energy)
{
    const size_t across = im_sparse_windows(width);
    for (size_t i = 0; i < im_sparse_windows(height); i++, energy += across) {
        for (size_t x = 0; x < width; x++)
            scratch[x] = 0;
        for (size_t y = i * IM_SPARSE; y < i * IM_SPARSE + IM_WINDOW; y++) {
            const float *a = first + y * width, *b = second + y * width;
            for (size_t x = 0; x < width; x++)
                scratch[x] += (a[x] - b[x]) * (a[x] - b[x]);
        }
        for (size_t j = 0; j < across; j++) {
            float sum = 0;
            for (size_t x = j * IM_SPARSE; x < j * IM_SPARSE + IM_WINDOW; x++)
                sum += scratch[x];
            energy[j] = sum / PIXELS;
        }
    }
}
