#include "pixels.h"
#include "wide.h"

#include <math.h>

/* Local means and standard deviations are smooth, so they are computed on blocks of 4
 * by 4 pixels and interpolated between them. The blur BLUR has a variance of 2 blocks
 * squared. Together with the blocks and the interpolation, this is about a Gaussian of
 * 6 pixels. */
enum { BLOCK = 4, REACH = 4 };
static const float BLUR[2 * REACH + 1] = {1.f / 256,  8.f / 256,  28.f / 256,
                                          56.f / 256, 70.f / 256, 56.f / 256,
                                          28.f / 256, 8.f / 256,  1.f / 256};

static const float MIDDLE = 128, CONTRAST = 42, SOFTENING = 4;

static size_t blocks(size_t pixels)
{
    return (pixels + BLOCK - 1) / BLOCK;
}

static size_t clamped(ptrdiff_t i, size_t n)
{
    return i < 0 ? 0 : (size_t)i >= n ? n - 1 : (size_t)i;
}

size_t im_flatten_scratch(size_t height, size_t width)
{
    const size_t rows = blocks(height), columns = blocks(width);
    return 3 * rows * columns + 2 * BLOCK * columns + 4 * BLOCK * (columns + 1);
}

/* Mean and mean square of each block in one row of blocks, `height` pixels high. */
IM_INLINE void sum_blocks(const uint8_t *grey, size_t height, size_t width,
                          uint32_t *totals, float *restrict mean,
                          float *restrict square)
{
    uint32_t *restrict first = totals, *restrict second = totals + width;
    for (size_t x = 0; x < 2 * width; x++)
        totals[x] = 0;
    for (size_t y = 0; y < height; y++, grey += width) {
        for (size_t x = 0; x < width; x++) {
            first[x] += grey[x];
            second[x] += (uint16_t)(grey[x] * grey[x]);
        }
    }
    for (size_t b = 0; b < blocks(width); b++) {
        const size_t end = b * BLOCK + BLOCK < width ? b * BLOCK + BLOCK : width;
        const float share = 1.f / (float)(height * (end - b * BLOCK));
        uint32_t sum = 0, squares = 0;
        for (size_t x = b * BLOCK; x < end; x++) {
            sum += first[x];
            squares += second[x];
        }
        mean[b] = (float)sum * share;
        square[b] = (float)squares * share;
    }
}

IM_INLINE void add_weighed(const float *row, float weight, size_t n,
                           float *restrict sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += weight * row[i];
}

/* Blur a plane of blocks. The blocks at its edges repeat beyond them. */
IM_INLINE void blur(float *plane, size_t rows, size_t columns, float *line,
                    float *other)
{
    for (size_t i = 0; i < rows * columns; i++)
        other[i] = 0;
    for (size_t b = 0; b < rows; b++) {
        for (size_t i = 0; i < columns + 2 * REACH; i++)
            line[i] = plane[b * columns + clamped((ptrdiff_t)i - REACH, columns)];
        for (int k = 0; k <= 2 * REACH; k++)
            add_weighed(line + k, BLUR[k], columns, other + b * columns);
    }
    for (size_t i = 0; i < rows * columns; i++)
        plane[i] = 0;
    for (size_t b = 0; b < rows; b++)
        for (int k = 0; k <= 2 * REACH; k++)
            add_weighed(other + clamped((ptrdiff_t)b + k - REACH, rows) * columns, BLUR[k],
                        columns, plane + b * columns);
}

/* Interpolate a row of blocks to pixels, starting half a block before the first. */
IM_INLINE void widen(const float *row, size_t columns, float *restrict out)
{
    for (size_t b = 0; b <= columns; b++) {
        const float left = row[b ? b - 1 : 0], right = row[b < columns ? b : columns - 1];
        for (int i = 0; i < BLOCK; i++)
            out[b * BLOCK + i] = left + (right - left) * ((float)i + 0.5f) / BLOCK;
    }
}

IM_INLINE void flatten_row(const uint8_t *grey, size_t width, const float *mean,
                           const float *mean_below, const float *gain,
                           const float *gain_below, float part, uint8_t *restrict flat)
{
    for (size_t x = 0; x < width; x++) {
        const float centre = mean[x] + (mean_below[x] - mean[x]) * part;
        const float factor = gain[x] + (gain_below[x] - gain[x]) * part;
        float level = ((float)grey[x] - centre) * factor + (MIDDLE + 0.5f);
        level = level < 0 ? 0 : level;
        flat[x] = (uint8_t)(int)(level > 255 ? 255 : level);
    }
}

IM_WIDE void im_flatten(const uint8_t *grey, size_t height, size_t width, float *scratch,
                        uint8_t *flat)
{
    const size_t rows = blocks(height), columns = blocks(width), n = rows * columns;
    const size_t wide = BLOCK * (columns + 1);
    float *mean = scratch, *square = scratch + n, *other = scratch + 2 * n;
    float *lines = scratch + 3 * n;
    uint32_t *totals = (uint32_t *)(lines + 4 * wide); /* as wide as floats */

    for (size_t b = 0; b < rows; b++) {
        const size_t y = b * BLOCK, left = height - y;
        sum_blocks(grey + y * width, left < BLOCK ? left : BLOCK, width, totals,
                   mean + b * columns, square + b * columns);
    }
    blur(mean, rows, columns, lines, other);
    blur(square, rows, columns, lines, other);
    float *gain = square;
    for (size_t i = 0; i < n; i++) {
        const float variance = square[i] - mean[i] * mean[i];
        gain[i] = CONTRAST / (sqrtf(variance > 0 ? variance : 0) + SOFTENING);
    }
    for (size_t b = 0; b <= rows; b++) {
        float *above = lines + (b % 2) * 2 * wide, *below = lines + (1 - b % 2) * 2 * wide;
        const size_t next = b < rows ? b : rows - 1;
        if (!b) {
            widen(mean, columns, above);
            widen(gain, columns, above + wide);
        }
        widen(mean + next * columns, columns, below);
        widen(gain + next * columns, columns, below + wide);
        for (int i = 0; i < BLOCK; i++) {
            const ptrdiff_t y = (ptrdiff_t)(b * BLOCK) + i - BLOCK / 2;
            if (y < 0 || y >= (ptrdiff_t)height)
                continue;
            const size_t start = (size_t)y * width, half = BLOCK / 2;
            flatten_row(grey + start, width, above + half, below + half,
                        above + wide + half, below + wide + half,
                        ((float)i + 0.5f) / BLOCK, flat + start);
        }
    }
}
