#include "pixels.h"
#include "wide.h"

#include <math.h>
#include <string.h>

/* A window has 13 by 13 pixels, in lines of 16; the gradients of the other three are 0.
 * The patch that it is cut from has one more pixel on every side, for the gradients. */
enum { RADIUS = 6, SIDE = 2 * RADIUS + 1, LINE = 16, PATCH = SIDE + 2 };

/* Pixels by which a point may leave the image before it is lost. The frame has scratch for
 * them and for the patch around the point. */
enum { OUTSIDE = 2 };

enum { MAX_STEPS = 12 };

/* A shorter step, in pixels of the finest or of a coarser level, ends the iteration. */
static const double FINEST_STEP = 0.03, COARSER_STEP = 0.1;

/* Least mean square gradient of a window in any direction, (8-bit levels a pixel)^2. */
static const double LEAST_SLOPE = 0.5;

static size_t stride_of(const im_track_level *level)
{
    return level->width + 2 * IM_TRACK_FRAME;
}

static size_t halved(size_t side)
{
    return side / 2 ? side / 2 : 1;
}

size_t im_track_scratch(size_t height, size_t width)
{
    size_t scratch = 0;
    for (int i = 0; i < IM_TRACK_LEVELS; i++) {
        scratch += (height + 2 * IM_TRACK_FRAME) * (width + 2 * IM_TRACK_FRAME);
        height = halved(height);
        width = halved(width);
    }
    return scratch;
}

/* Fill the frame around a level. */
static void frame(const im_track_level *level)
{
    const size_t stride = stride_of(level), margin = IM_TRACK_FRAME;
    uint8_t *first = level->pixels + margin * stride;
    for (size_t y = 0; y < level->height; y++) {
        uint8_t *row = first + y * stride;
        memset(row, row[margin], margin);
        memset(row + margin + level->width, row[margin + level->width - 1], margin);
    }
    uint8_t *last = first + (level->height - 1) * stride;
    for (size_t y = 1; y <= margin; y++) {
        memcpy(first - y * stride, first, stride);
        memcpy(last + y * stride, last, stride);
    }
}

/* Compute a level from the next finer one. */
static void halve(const im_track_level *fine, const im_track_level *coarse)
{
    const size_t stride = stride_of(fine);
    for (size_t y = 0; y < coarse->height; y++) {
        const uint8_t *row = fine->pixels + (IM_TRACK_FRAME + 2 * y) * stride;
        const uint8_t *above = row + IM_TRACK_FRAME, *below = above + stride;
        uint8_t *restrict out = coarse->pixels +
                                (IM_TRACK_FRAME + y) * stride_of(coarse) + IM_TRACK_FRAME;
        for (size_t x = 0; x < coarse->width; x++)
            out[x] = (uint8_t)((above[2 * x] + above[2 * x + 1] + below[2 * x] +
                                below[2 * x + 1] + 2) >> 2);
    }
}

void im_track_build(const uint8_t *flat, size_t height, size_t width, uint8_t *scratch,
                    im_track_level levels[IM_TRACK_LEVELS])
{
    for (int i = 0; i < IM_TRACK_LEVELS; i++) {
        levels[i] = (im_track_level){height, width, scratch};
        scratch += (height + 2 * IM_TRACK_FRAME) * (width + 2 * IM_TRACK_FRAME);
        height = halved(height);
        width = halved(width);
    }
    const size_t stride = stride_of(levels);
    for (size_t y = 0; y < levels->height; y++)
        memcpy(levels->pixels + (IM_TRACK_FRAME + y) * stride + IM_TRACK_FRAME,
               flat + y * levels->width, levels->width);
    frame(levels);
    for (int i = 1; i < IM_TRACK_LEVELS; i++) {
        halve(levels + i - 1, levels + i);
        frame(levels + i);
    }
}

typedef struct {
    double x, y;
} im_place;

static int holds(const im_track_level *level, im_place at)
{
    return at.x >= -OUTSIDE && at.x <= (double)level->width + OUTSIDE - 1 &&
           at.y >= -OUTSIDE && at.y <= (double)level->height + OUTSIDE - 1;
}

/* Interpolate `rows` lines of pixels, in 64ths of a level. They begin `left` pixels to
 * the left of the place and `top` pixels above it. The lines are first copied end to
 * end, because compilers optimise one long loop better. */
IM_INLINE void sample(const im_track_level *level, im_place at, int left, int top,
                      int rows, int16_t *restrict out)
{
    const int x = (int)floor(at.x), y = (int)floor(at.y);
    const int16_t across = (int16_t)((at.x - x) * 128 + 0.5);
    const int16_t down = (int16_t)((at.y - y) * 32767 + 0.5);
    const size_t stride = stride_of(level);
    const uint8_t *row = level->pixels + (size_t)(y - top + IM_TRACK_FRAME) * stride +
                         (size_t)(x - left + IM_TRACK_FRAME);
    uint8_t here[(PATCH + 1) * LINE], next[(PATCH + 1) * LINE];
    int16_t mixed[(PATCH + 1) * LINE];

    for (int r = 0; r <= rows; r++, row += stride) {
        memcpy(here + r * LINE, row, LINE);
        memcpy(next + r * LINE, row + 1, LINE);
    }
    for (int i = 0; i < (rows + 1) * LINE; i++)
        mixed[i] = (int16_t)(here[i] * 128 + across * (next[i] - here[i]));
    for (int i = 0; i < rows * LINE; i++) {
        const int16_t rise = (int16_t)(mixed[i + LINE] - mixed[i]);
        out[i] = (int16_t)((mixed[i] >> 1) + ((rise * down) >> 16));
    }
}

IM_INLINE int32_t dot(const int16_t *a, const int16_t *b)
{
    int32_t sum = 0;
    for (int i = 0; i < SIDE * LINE; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The levels of a window, in 64ths, and its gradients, in eighths of a level a pixel,
 * so that sums of products stay within 32 bits. */
typedef struct {
    int16_t look[SIDE * LINE], dx[SIDE * LINE], dy[SIDE * LINE];
    double xx, xy, yy; /* inverse of the 2 x 2 matrix of summed gradient products */
} im_window;

/* Weight the differences of three lines by Scharr's filter. */
IM_INLINE int16_t weighed(int16_t before, int16_t middle, int16_t after)
{
    return (int16_t)((3 * (before >> 4) + 10 * (middle >> 4) + 3 * (after >> 4)) >> 4);
}

/* Cut a window out of a level. Returns 0 if it has too little structure to track. */
IM_INLINE int cut(const im_track_level *level, im_place at, im_window *window)
{
    int16_t patch[PATCH * LINE + 2] = {0}; /* the last gradients read past the patch */
    sample(level, at, RADIUS + 1, RADIUS + 1, PATCH, patch);
    for (int i = 0; i < SIDE * LINE; i++) {
        const int16_t *above = patch + i, *row = above + LINE, *below = row + LINE;
        window->look[i] = row[1];
        window->dx[i] = weighed((int16_t)(above[2] - above[0]), (int16_t)(row[2] - row[0]),
                                (int16_t)(below[2] - below[0]));
        window->dy[i] =
            weighed((int16_t)(below[0] - above[0]), (int16_t)(below[1] - above[1]),
                    (int16_t)(below[2] - above[2]));
    }
    for (int r = 0; r < SIDE; r++) {
        memset(window->dx + r * LINE + SIDE, 0, (LINE - SIDE) * sizeof *window->dx);
        memset(window->dy + r * LINE + SIDE, 0, (LINE - SIDE) * sizeof *window->dy);
    }
    const double xx = dot(window->dx, window->dx), xy = dot(window->dx, window->dy);
    const double yy = dot(window->dy, window->dy), det = xx * yy - xy * xy;
    const double lesser = (xx + yy - sqrt((xx - yy) * (xx - yy) + 4 * xy * xy)) / 2;
    if (!(lesser >= LEAST_SLOPE * 64 * SIDE * SIDE))
        return 0;
    window->xx = yy / det;
    window->xy = -xy / det;
    window->yy = xx / det;
    return 1;
}

/* Move `to` until the pixels there match the window. The gradients are those of the
 * window, so they are computed once (Baker and Matthews, "Lucas-Kanade 20 years on",
 * IJCV 2004). Returns 0 if `to` leaves the image. */
IM_INLINE int settle(const im_window *window, const im_track_level *level,
                     double enough, im_place *to)
{
    int16_t off[SIDE * LINE];
    for (int step = 0; step < MAX_STEPS; step++) {
        if (!holds(level, *to))
            return 0;
        sample(level, *to, RADIUS, RADIUS, SIDE, off);
        for (int i = 0; i < SIDE * LINE; i++)
            off[i] = (int16_t)((off[i] - window->look[i]) >> 3);
        const double x = dot(off, window->dx), y = dot(off, window->dy);
        const double dx = window->xx * x + window->xy * y;
        const double dy = window->xy * x + window->yy * y;
        to->x -= dx;
        to->y -= dy;
        if (dx * dx + dy * dy < enough * enough)
            break;
    }
    return holds(level, *to);
}

static im_place at_level(im_place at, int level)
{
    const double zoom = 1.0 / (1 << level);
    return (im_place){(at.x + 0.5) * zoom - 0.5, (at.y + 0.5) * zoom - 0.5};
}

static im_place from_level(im_place at, int level)
{
    const double zoom = 1 << level;
    return (im_place){(at.x + 0.5) * zoom - 0.5, (at.y + 0.5) * zoom - 0.5};
}

/* Track a point from the coarsest level down. If a level fails, the next finer one goes
 * on from the same position. If the finest fails, the point is lost: returns 0. */
IM_INLINE int follow(const im_track_level *from, const im_track_level *to, int coarsest,
                     im_place start, im_place *end)
{
    im_window window;
    *end = start;
    for (int i = coarsest; i >= 0; i--) {
        im_place moved = at_level(*end, i);
        const int found =
            holds(from + i, at_level(start, i)) &&
            cut(from + i, at_level(start, i), &window) &&
            settle(&window, to + i, i ? COARSER_STEP : FINEST_STEP, &moved);
        if (found)
            *end = from_level(moved, i);
        else if (!i)
            return 0;
    }
    return 1;
}

IM_WIDE void im_track(const im_track_level from[IM_TRACK_LEVELS],
                      const im_track_level to[IM_TRACK_LEVELS], int coarsest,
                      const float *points, size_t n, float miss, float *found)
{
    for (size_t i = 0; i < n; i++, points += 2, found += 2) {
        const im_place start = {points[0], points[1]};
        im_place end, back;
        found[0] = found[1] = NAN;
        if (follow(from, to, coarsest, start, &end) &&
            follow(to, from, coarsest, end, &back) &&
            hypot(back.x - start.x, back.y - start.y) < miss) {
            found[0] = (float)end.x;
            found[1] = (float)end.y;
        }
    }
}
