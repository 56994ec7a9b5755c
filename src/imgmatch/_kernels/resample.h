/* Resample grey rows by a filter in fixed point. It uses only integers, so every
 * machine gives the same hashes.
 */
#ifndef IM_RESAMPLE_H
#define IM_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Largest values for which no sum of pixels times weights, with rounding, exceeds 32
 * bits. */
enum { IM_RESAMPLE_TAPS = 256, IM_RESAMPLE_SHIFT = 23 };

/* For each target pixel t and every row, multiply `taps` pixels from starts[t] on by
 * the weights, add, divide by 2**shift, round and clip. The result is transposed,
 * (targets, height), so that a second call resamples the columns and transposes it
 * back. The caller must ensure that starts[t] + taps is at most `width`. */
void im_resample(const uint8_t *pixels, size_t height, size_t width,
                 const int32_t *starts, const int16_t *weights, size_t targets,
                 size_t taps, int shift, uint8_t *out);

#endif
