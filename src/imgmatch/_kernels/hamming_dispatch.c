/* The kernels of this build, best first. */
#include "hamming.h"

const im_kernel *const im_kernels[] = {
#ifdef IM_X86
    &im_hamming_avx512,
    &im_hamming_popcnt,
#endif
    &im_hamming_portable,
    NULL,
};
