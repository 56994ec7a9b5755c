#include "resample.h"

void im_resample(const uint8_t *pixels, size_t height, size_t width,
                 const int32_t *starts, const int16_t *weights, size_t targets,
                 size_t taps, int shift, uint8_t *out)
{
    const int32_t half = shift ? (int32_t)1 << (shift - 1) : 0;

    for (size_t y = 0; y < height; y++) {
        for (size_t t = 0; t < targets; t++) {
            const uint8_t *from = pixels + y * width + starts[t];
            const int16_t *weight = weights + t * taps;
            int32_t sum = half;
            /* Products of 16 bits, summed in 32 bits: one SIMD instruction. */
            for (size_t i = 0; i < taps; i++)
                sum += (int16_t)from[i] * weight[i];
            sum >>= shift;
            out[t * height + y] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
    }
}
