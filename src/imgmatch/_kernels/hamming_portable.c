/* Plain C: the kernel of last resort, and the one all others must agree with. */
#define IM_TARGET
#include "hamming.h"

/* Bits set, where no instruction counts them: Warren, "Hacker's Delight", 5-2,
 * with shifts for its last multiplication, which SSE2 lacks for 64-bit lanes:
 * so the compiler can vectorise. */
IM_INLINE uint64_t popcount(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    x += x >> 8;
    x += x >> 16;
    x += x >> 32;
    return x & 0x7f;
}

#include "hamming_loops.h"

static int supported(void) { return 1; }

const im_kernel im_hamming_portable = {"portable", supported, select, distances};
