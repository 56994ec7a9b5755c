#include "plane.h"

#include <math.h>

/* Conditioned coordinates: their origin is the centroid, and the root mean square of x
 * and y is about 1 (Hartley, "In defense of the eight-point algorithm", PAMI 1997). */
typedef struct {
    double x, y, spread;
} im_frame;

static im_frame frame_of(const double *points, const double *weights, size_t n)
{
    double total = 0, x = 0, y = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        total += weights[i];
        x += weights[i] * points[2 * i];
        y += weights[i] * points[2 * i + 1];
    }
    total = fmax(total, 1e-12);
    x /= total;
    y /= total;
    for (size_t i = 0; i < n; i++) {
        const double dx = points[2 * i] - x, dy = points[2 * i + 1] - y;
        square += weights[i] * (dx * dx + dy * dy);
    }
    return (im_frame){x, y, sqrt(square / total / 2)};
}

/* A pair of points in conditioned coordinates. */
typedef struct {
    double x, y, u, v, w;
} im_pair;

static im_pair pair_at(const im_pairs *pairs, size_t i, im_frame source, im_frame target)
{
    return (im_pair){
        (pairs->source[2 * i] - source.x) / source.spread,
        (pairs->source[2 * i + 1] - source.y) / source.spread,
        (pairs->target[2 * i] - target.x) / target.spread,
        (pairs->target[2 * i + 1] - target.y) / target.spread,
        pairs->weights[i],
    };
}

/* Fit a similarity or an affine map. Both frames have their origin at the centroid, so
 * there is no translation: only the linear part is fitted, from sums of products of the
 * coordinates. */
static int fit_linear(im_model model, const im_pairs *pairs, im_frame source,
                      im_frame target, double h[9])
{
    double xx = 0, xy = 0, yy = 0, ux = 0, uy = 0, vx = 0, vy = 0;
    for (size_t i = 0; i < pairs->n; i++) {
        const im_pair p = pair_at(pairs, i, source, target);
        xx += p.w * p.x * p.x, xy += p.w * p.x * p.y, yy += p.w * p.y * p.y;
        ux += p.w * p.u * p.x, uy += p.w * p.u * p.y;
        vx += p.w * p.v * p.x, vy += p.w * p.v * p.y;
    }
    double a, b, c, d;
    if (model == IM_SIMILARITY) {
        const double square = fmax(xx + yy, 1e-12);
        a = d = (ux + vy) / square;
        c = (vx - uy) / square;
        b = -c;
    } else {
        const double det = xx * yy - xy * xy;
        if (!(det > 1e-14 * (xx + yy) * (xx + yy)))
            return 0; /* the points lie on one line */
        a = (ux * yy - uy * xy) / det, b = (uy * xx - ux * xy) / det;
        c = (vx * yy - vy * xy) / det, d = (vy * xx - vx * xy) / det;
    }
    const double linear[9] = {a, b, 0, c, d, 0, 0, 0, 1};
    for (int i = 0; i < 9; i++)
        h[i] = linear[i];
    return 1;
}

enum { N = 9, MAX_ITERATIONS = 100 };

/* Find the eigenvector of the smallest eigenvalue of a symmetric positive semidefinite
 * matrix by inverse iteration. Only the lower half of the matrix is read. */
static void least_eigenvector(double m[N][N], double vector[N])
{
    /* A multiple of the identity makes it definite and keeps the eigenvectors. */
    double trace = 0;
    for (int i = 0; i < N; i++)
        trace += m[i][i];
    for (int i = 0; i < N; i++)
        m[i][i] += 1e-15 * trace + 1e-300;
    for (int i = 0; i < N; i++) { /* Cholesky factor, in place */
        for (int j = 0; j <= i; j++) {
            double sum = m[i][j];
            for (int k = 0; k < j; k++)
                sum -= m[i][k] * m[j][k];
            m[i][j] = i == j ? sqrt(fmax(sum, 1e-17 * trace + 1e-300)) : sum / m[j][j];
        }
    }
    for (int i = 0; i < N; i++)
        vector[i] = 1.0 / (i + 3);
    double change = 1;
    for (int round = 0; round < MAX_ITERATIONS && change > 1e-26; round++) {
        double next[N], square = 0, along = 0;
        for (int i = 0; i < N; i++) {
            next[i] = vector[i];
            for (int k = 0; k < i; k++)
                next[i] -= m[i][k] * next[k];
            next[i] /= m[i][i];
        }
        for (int i = N - 1; i >= 0; i--) {
            for (int k = i + 1; k < N; k++)
                next[i] -= m[k][i] * next[k];
            next[i] /= m[i][i];
            square += next[i] * next[i];
        }
        change = 0;
        for (int i = 0; i < N; i++)
            along += next[i] * vector[i];
        const double scale = copysign(1 / sqrt(square), along);
        for (int i = 0; i < N; i++) {
            const double step = next[i] * scale - vector[i];
            change += step * step;
            vector[i] = next[i] * scale;
        }
    }
}

/* The direct linear transform: h minimises |A h| over |h| = 1. */
static void fit_homography(const im_pairs *pairs, im_frame source, im_frame target,
                           double h[9])
{
    /* The parts of A'A: products of (x, y, 1) with itself, weighted by 1, -u, -v and
     * u^2 + v^2. */
    double ones[6] = {0}, us[6] = {0}, vs[6] = {0}, squares[6] = {0};
    for (size_t i = 0; i < pairs->n; i++) {
        const im_pair p = pair_at(pairs, i, source, target);
        const double products[6] = {p.w * p.x * p.x, p.w * p.x * p.y, p.w * p.y * p.y,
                                    p.w * p.x,       p.w * p.y,       p.w};
        const double square = p.u * p.u + p.v * p.v;
        for (int k = 0; k < 6; k++) {
            ones[k] += products[k];
            us[k] -= p.u * products[k];
            vs[k] -= p.v * products[k];
            squares[k] += square * products[k];
        }
    }
    static const int place[3][3] = {{0, 1, 3}, {1, 2, 4}, {3, 4, 5}};
    double m[N][N] = {{0}};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            const int k = place[i][j];
            m[i][j] = m[i + 3][j + 3] = ones[k];
            m[i + 6][j] = us[k];
            m[i + 6][j + 3] = vs[k];
            m[i + 6][j + 6] = squares[k];
        }
    }
    least_eigenvector(m, h);
}

/* From conditioned coordinates back to pixels: h := from_target h to_source. */
static void decondition(double h[9], im_frame source, im_frame target)
{
    for (int i = 0; i < 3; i++) {
        double *row = h + 3 * i;
        row[2] -= (row[0] * source.x + row[1] * source.y) / source.spread;
        row[0] /= source.spread;
        row[1] /= source.spread;
    }
    for (int j = 0; j < 3; j++) {
        h[j] = target.spread * h[j] + target.x * h[6 + j];
        h[3 + j] = target.spread * h[3 + j] + target.y * h[6 + j];
    }
}

int im_fit(im_model model, const im_pairs *pairs, double homography[9])
{
    size_t count = 0;
    for (size_t i = 0; i < pairs->n; i++)
        count += pairs->weights[i] > 0;
    if (count < (size_t)model)
        return 0;
    const im_frame source = frame_of(pairs->source, pairs->weights, pairs->n);
    const im_frame target = frame_of(pairs->target, pairs->weights, pairs->n);
    if (!(source.spread >= 1e-6 && target.spread >= 1e-6))
        return 0;
    double *h = homography;
    if (model == IM_HOMOGRAPHY)
        fit_homography(pairs, source, target, h);
    else if (!fit_linear(model, pairs, source, target, h))
        return 0;
    decondition(h, source, target);
    double nearest = INFINITY, farthest = -INFINITY;
    for (size_t i = 0; i < pairs->n; i++) {
        if (!(pairs->weights[i] > 0))
            continue;
        const double *point = pairs->source + 2 * i;
        const double depth = h[6] * point[0] + h[7] * point[1] + h[8];
        nearest = fmin(nearest, depth);
        farthest = fmax(farthest, depth);
    }
    if (!(nearest * farthest > 0))
        return 0;
    if (h[8] != 0) {
        const double scale = 1 / h[8];
        for (int i = 0; i < 9; i++)
            h[i] *= scale;
    }
    return fabs(h[0] * h[4] - h[1] * h[3]) >= 1e-8;
}

void im_transfer_errors(const double homography[9], const im_pairs *pairs,
                        double *errors)
{
    const double *h = homography;
    for (size_t i = 0; i < pairs->n; i++) {
        const double x = pairs->source[2 * i], y = pairs->source[2 * i + 1];
        const double depth = h[6] * x + h[7] * y + h[8];
        const double u = (h[0] * x + h[1] * y + h[2]) / depth - pairs->target[2 * i];
        const double v = (h[3] * x + h[4] * y + h[5]) / depth - pairs->target[2 * i + 1];
        const double square = u * u + v * v;
        errors[i] = square >= 0 ? sqrt(square) : INFINITY; /* false for NaN */
    }
}
