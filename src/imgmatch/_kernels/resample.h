/* Resampling of grey rows by a filter in fixed point: integers alone, so every
 * machine gives the same hashes.
 */
#ifndef IM_RESAMPLE_H
#define IM_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Within these no sum of pixels times weights, with rounding, leaves 32 bits. */
enum { IM_RESAMPLE_TAPS = 256, IM_RESAMPLE_SHIFT = 23 };

/* For each of `targets`, weigh `taps` pixels of every row from starts[t] on, divide
 * by 2**shift, round and clip. The result lies on its side, as (targets, height),
 * so that a second call resamples the columns and sets it upright. The caller sees
 * to it that starts[t] + taps is at most `width`. */
void im_resample(const uint8_t *pixels, size_t height, size_t width,
                 const int32_t *starts, const int16_t *weights, size_t targets,
                 size_t taps, int shift, uint8_t *out);

#endif
