#include "orb.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orb_pattern.h"

enum {
    FAST_RADIUS = 3,
    PATCH_RADIUS = 15,  /* pixels, of the intensity centroid */
    PER_CELL = 4,       /* keypoints of a grid cell if all cells had the same number */
    MIN_CELL = 16,      /* pixels, least side of a grid cell */
    ANGLE_BITS = 14,    /* fixed point of the rotation */
    WORD = 8,           /* bytes of a uint64_t */
};

typedef struct {
    int16_t x, y;
    uint32_t rank; /* 0 for the strongest of its cell */
    uint8_t score;
    uint8_t left, right, above, below; /* the neighbours' scores */
} corner;

static inline uint8_t lower(uint8_t a, uint8_t b) { return a < b ? a : b; }
static inline uint8_t higher(uint8_t a, uint8_t b) { return a > b ? a : b; }

/* The FAST-9 score of each pixel. For an arc of nine neighbours on the circle, it is
 * how much the darkest is brighter than the centre, or how much the brightest is
 * darker; the score is the largest over all arcs. Two arcs that share their eight
 * middle pixels are computed together. The loop has no branch, so that it compiles to
 * byte-wide SIMD. Its index must be as wide as a pointer, or -fwrapv (which Python
 * passes) keeps it scalar. */
static void score_row(const uint8_t *restrict row, ptrdiff_t stride, int width,
                      uint8_t *restrict score)
{
    const uint8_t *up3 = row - 3 * stride, *up2 = row - 2 * stride, *up1 = row - stride;
    const uint8_t *down1 = row + stride;
    const uint8_t *down2 = row + 2 * stride, *down3 = row + 3 * stride;

    for (ptrdiff_t x = 0; x < width; x++) {
        const uint8_t p0 = down3[x], p1 = down3[x + 1], p2 = down2[x + 2];
        const uint8_t p3 = down1[x + 3], p4 = row[x + 3], p5 = up1[x + 3];
        const uint8_t p6 = up2[x + 2], p7 = up3[x + 1], p8 = up3[x];
        const uint8_t p9 = up3[x - 1], p10 = up2[x - 2], p11 = up1[x - 3];
        const uint8_t p12 = row[x - 3], p13 = down1[x - 3], p14 = down2[x - 2];
        const uint8_t p15 = down3[x - 1];

#define ARCS(inner, outer, result)                                                 \
    do {                                                                           \
        const uint8_t a1 = inner(p1, p2), a3 = inner(p3, p4), a5 = inner(p5, p6);  \
        const uint8_t a7 = inner(p7, p8), a9 = inner(p9, p10);                     \
        const uint8_t a11 = inner(p11, p12), a13 = inner(p13, p14);                \
        const uint8_t a15 = inner(p15, p0);                                        \
        const uint8_t b1 = inner(a1, a3), b3 = inner(a3, a5), b5 = inner(a5, a7);  \
        const uint8_t b7 = inner(a7, a9), b9 = inner(a9, a11);                     \
        const uint8_t b11 = inner(a11, a13), b13 = inner(a13, a15);                \
        const uint8_t b15 = inner(a15, a1);                                        \
        const uint8_t c0 = inner(inner(b1, b5), outer(p0, p9));                    \
        const uint8_t c2 = inner(inner(b3, b7), outer(p2, p11));                   \
        const uint8_t c4 = inner(inner(b5, b9), outer(p4, p13));                   \
        const uint8_t c6 = inner(inner(b7, b11), outer(p6, p15));                  \
        const uint8_t c8 = inner(inner(b9, b13), outer(p8, p1));                   \
        const uint8_t c10 = inner(inner(b11, b15), outer(p10, p3));                \
        const uint8_t c12 = inner(inner(b13, b1), outer(p12, p5));                 \
        const uint8_t c14 = inner(inner(b15, b3), outer(p14, p7));                 \
        result = outer(outer(outer(c0, c2), outer(c4, c6)),                        \
                       outer(outer(c8, c10), outer(c12, c14)));                    \
    } while (0)

        uint8_t bright, dark;
        ARCS(lower, higher, bright);
        ARCS(higher, lower, dark);
#undef ARCS
        const uint8_t centre = row[x];
        const uint8_t brighter = higher(bright, centre) - centre;
        const uint8_t darker = centre - lower(dark, centre);
        score[x] = higher(brighter, darker);
    }
}

/* Collect the local maxima of one score row: pixels above their eight neighbours. Of
 * equal neighbours the first counts. A row has one zero on either side of [0, width).
 * `peaks` has room for `width` bytes, rounded up to words. */
static size_t keep_maxima(const uint8_t *above, const uint8_t *row,
                          const uint8_t *below, int width, int y, uint8_t threshold,
                          uint8_t *restrict peaks, corner *out)
{
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint8_t before = higher(higher(above[x - 1], above[x]),
                                      higher(above[x + 1], row[x - 1]));
        const uint8_t after = higher(higher(below[x - 1], below[x]),
                                     higher(below[x + 1], row[x + 1]));
        peaks[x] = (row[x] > higher(before, threshold)) & (row[x] >= after);
    }

    size_t n = 0;
    for (ptrdiff_t start = 0; start < width; start += WORD) {
        uint64_t any;
        memcpy(&any, peaks + start, sizeof any);
        if (!any)
            continue;
        for (ptrdiff_t x = start; x < start + WORD && x < width; x++)
            if (peaks[x])
                out[n++] = (corner){
                    .x = (int16_t)x, .y = (int16_t)y, .score = row[x],
                    .left = row[x - 1], .right = row[x + 1],
                    .above = above[x], .below = below[x]};
    }
    return n;
}

/* Position of the vertex of the parabola through three scores, in (-0.5, 0.5]. `before`
 * is lower than `peak`; `after` is not higher. */
static float vertex(int before, int peak, int after)
{
    return 0.5f * (float)(after - before) / (float)(2 * peak - before - after);
}

/* The pixel where a keypoint was found, without the fraction that `vertex` added. */
static const uint8_t *pixel(const uint8_t *level, ptrdiff_t stride,
                            const im_orb_keypoint *keypoint)
{
    return level + (ptrdiff_t)ceilf(keypoint->y - 0.5f) * stride +
           (ptrdiff_t)ceilf(keypoint->x - 0.5f);
}

/* Set the direction: from the centre to the intensity centroid of a disc. */
static void orient(const uint8_t *level, ptrdiff_t stride, im_orb_keypoint *keypoint)
{
    static const int8_t half_width[PATCH_RADIUS + 1] = {
        15, 15, 15, 15, 14, 14, 14, 13, 13, 12, 11, 10, 9, 8, 6, 3};
    const uint8_t *centre = pixel(level, stride, keypoint);
    int32_t across = 0, down = 0;

    for (int dy = -PATCH_RADIUS; dy <= PATCH_RADIUS; dy++) {
        const uint8_t *row = centre + dy * stride;
        const int reach = half_width[abs(dy)];
        int32_t sum = 0;
        for (int dx = -reach; dx <= reach; dx++) {
            across += dx * row[dx];
            sum += row[dx];
        }
        down += dy * sum;
    }
    const double length =
        sqrt((double)((int64_t)across * across + (int64_t)down * down));
    keypoint->cos = length > 0 ? (float)(across / length) : 1.0f;
    keypoint->sin = length > 0 ? (float)(down / length) : 0.0f;
}

/* Sort corners by their rank within their grid cell, then by score. Two counting sorts
 * do this; they keep equal corners in reading order. `sorted` is scratch space for n
 * corners. Returns 0, or -1 if memory ran out. */
static int spread(corner *corners, corner *sorted, size_t n, int width, int height,
                  int quota)
{
    const double side = sqrt((double)width * height * PER_CELL / quota);
    const double cell = side > MIN_CELL ? side : MIN_CELL;
    /* All cells have one size: small cells at the edge would get too many corners. */
    const int columns = (int)ceil(width / cell), rows = (int)ceil(height / cell);
    uint32_t *filled = calloc((size_t)columns * (size_t)rows, sizeof *filled);
    if (!filled)
        return -1;

    size_t by_score[257] = {0};
    for (size_t i = 0; i < n; i++)
        by_score[256 - corners[i].score]++;
    for (int s = 1; s < 257; s++)
        by_score[s] += by_score[s - 1];
    for (size_t i = 0; i < n; i++)
        sorted[by_score[255 - corners[i].score]++] = corners[i];

    uint32_t ranks = 0;
    for (size_t i = 0; i < n; i++) {
        const int at =
            sorted[i].y * rows / height * columns + sorted[i].x * columns / width;
        sorted[i].rank = filled[at]++;
        if (filled[at] > ranks)
            ranks = filled[at];
    }
    free(filled);
    size_t *first = calloc((size_t)ranks + 1, sizeof *first);
    if (!first)
        return -1;
    for (size_t i = 0; i < n; i++)
        first[sorted[i].rank + 1]++;
    for (uint32_t r = 1; r <= ranks; r++)
        first[r] += first[r - 1];
    for (size_t i = 0; i < n; i++)
        corners[first[sorted[i].rank]++] = sorted[i];
    free(first);
    return 0;
}

int im_orb_detect(const uint8_t *level, ptrdiff_t stride, int width, int height,
                  uint8_t threshold, int quota, im_orb_keypoint *out)
{
    const int inner_width = width - 2 * FAST_RADIUS;
    const int inner_height = height - 2 * FAST_RADIUS;
    if (inner_width <= 0 || inner_height <= 0 || quota <= 0)
        return 0;

    /* Two maxima are never adjacent, so a block of 2 x 2 pixels has at most one. */
    const size_t room = (size_t)(inner_width / 2 + 1) * (size_t)(inner_height / 2 + 1);
    const size_t pitch = (size_t)inner_width + 2;
    corner *corners = malloc(2 * room * sizeof *corners);
    uint8_t *scores = calloc(4 * pitch + WORD, 1);
    if (!corners || !scores) {
        free(corners);
        free(scores);
        return -1;
    }

    const uint8_t *inner = level + FAST_RADIUS * stride + FAST_RADIUS;
    uint8_t *above = scores + 1, *row = above + pitch, *below = row + pitch;
    uint8_t *peaks = below + pitch;
    size_t n = 0;
    for (int y = 0; y <= inner_height; y++) {
        if (y < inner_height)
            score_row(inner + y * stride, stride, inner_width, below);
        else
            memset(below, 0, (size_t)inner_width);
        if (y > 0)
            n += keep_maxima(above, row, below, inner_width, y - 1, threshold, peaks,
                             corners + n);
        uint8_t *recycled = above;
        above = row;
        row = below;
        below = recycled;
    }
    free(scores);

    int found = spread(corners, corners + room, n, inner_width, inner_height, quota);
    if (found == 0) {
        found = n < (size_t)quota ? (int)n : quota;
        for (int i = 0; i < found; i++) {
            const corner *at = &corners[i];
            const float dx = vertex(at->left, at->score, at->right);
            const float dy = vertex(at->above, at->score, at->below);
            out[i].x = (float)(at->x + FAST_RADIUS) + dx;
            out[i].y = (float)(at->y + FAST_RADIUS) + dy;
            orient(level, stride, &out[i]);
        }
    }
    free(corners);
    return found;
}

void im_orb_describe(const uint8_t *smooth, ptrdiff_t stride,
                     const im_orb_keypoint *keypoints, int count, int mirrored,
                     uint64_t (*out)[4])
{
    const int16_t step = mirrored ? -1 : 1, pitch = (int16_t)stride;
    const float unit = 1 << ANGLE_BITS;
    const int32_t half = 1 << (ANGLE_BITS - 1);
    int32_t first[256], second[256];

    for (int i = 0; i < count; i++) {
        const uint8_t *centre = pixel(smooth, stride, &keypoints[i]);
        const int16_t c = (int16_t)floorf((float)step * keypoints[i].cos * unit + 0.5f);
        const int16_t s = (int16_t)floorf(keypoints[i].sin * unit + 0.5f);

        /* Products of 16-bit numbers, which the baseline instructions multiply fast. */
#define OFFSET(x, y)                                                           \
    (int16_t)((x * s + y * c + half) >> ANGLE_BITS) * pitch +                  \
        (int16_t)((x * c - y * s + half) >> ANGLE_BITS) * step
        for (int j = 0; j < 256; j++) {
            first[j] = OFFSET(im_orb_first_x[j], im_orb_first_y[j]);
            second[j] = OFFSET(im_orb_second_x[j], im_orb_second_y[j]);
        }
#undef OFFSET
        for (int word = 0; word < 4; word++) {
            uint64_t bits = 0;
            for (int bit = 0; bit < 64; bit++) {
                const int j = word * 64 + bit;
                bits |= (uint64_t)(centre[first[j]] < centre[second[j]]) << bit;
            }
            out[i][word] = bits;
        }
    }
}
