/* The kernels of this build, best first. */
#include "hamming.h"

const im_kernel *const im_kernels[] = {
#ifdef IM_X86
    &im_hamming_avx512,
    &im_hamming_avx2,
    &im_hamming_popcnt,
#endif
#ifdef IM_ARM64
    &im_hamming_neon,
#endif
    &im_hamming_portable,
    NULL,
};
