#include "similarity.h"
#include "wide.h"

#include <math.h>

/* Find the correspondences that agree with the similarity of correspondence i. The loop
 * has no branch, and `&` instead of `&&`, so that the compiler makes SIMD of it. */
IM_INLINE void vote(const im_similarities *all, const im_agreement *limits, size_t i,
                    uint8_t *restrict support)
{
    const float *x = all->x, *y = all->y, *u = all->u, *v = all->v;
    const float *scale = all->scale, *cos = all->cos, *sin = all->sin;
    const float *slack = all->slack;
    const float drift = limits->drift, cosine = limits->cosine;
    const float xi = x[i], yi = y[i], ui = u[i], vi = v[i];
    const float c = scale[i] * cos[i], s = scale[i] * sin[i];
    const float largest = limits->ratio * scale[i], smallest = scale[i] / limits->ratio;

    for (size_t j = 0; j < all->n; j++) {
        const float dx = x[j] - xi, dy = y[j] - yi;
        const float du = c * dx - s * dy, dv = s * dx + c * dy;
        const float eu = u[j] - ui - du, ev = v[j] - vi - dv;
        const float allowed = slack[j] + drift * sqrtf(du * du + dv * dv);
        support[j] = (eu * eu + ev * ev < allowed * allowed) & (scale[j] < largest) &
                     (scale[j] > smallest) & (cos[j] * cos[i] + sin[j] * sin[i] > cosine);
    }
}

IM_WIDE void im_similarity_votes(const im_similarities *all, const im_agreement *limits,
                                 const int32_t *rows, size_t m, uint8_t *support,
                                 int32_t *votes)
{
    for (size_t i = 0; i < m; i++) {
        const uint8_t *row = support + i * all->n;
        vote(all, limits, (size_t)rows[i], support + i * all->n);
        int32_t count = 0;
        for (size_t j = 0; j < all->n; j++)
            count += row[j];
        votes[i] = count;
    }
}
