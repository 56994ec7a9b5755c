/* Blocks: codes laid out word by word. */
#include "hamming.h"

size_t im_block_codes(size_t words) {
    size_t codes = IM_BLOCK_WORDS / words;
    return codes - codes % 32; /* whole batches for every kernel */
}

IM_INLINE void lay_out(const uint64_t *restrict codes, size_t n,
                       uint64_t *restrict planes, size_t stride, size_t words) {
    /* In words. The hardware does not prefetch here by itself: the scan of the last
     * block has interrupted its pattern. */
    enum { LINE = 8, AHEAD = 1024 };
    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < words; w++) {
            if (w % LINE == 0) IM_PREFETCH(codes + i * words + w + AHEAD);
            planes[w * stride + i] = codes[i * words + w];
        }
}

im_block im_block_of(const uint64_t *codes, size_t n, size_t words, uint64_t *room) {
    im_block block = {codes, n, n, words};
    if (words == 1) return block;
    block.planes = room;
    /* One cache line more than the codes, so that the planes do not all map to the same
     * cache sets. */
    block.stride = im_block_codes(words) + 8;
    if (words == 4)
        lay_out(codes, n, room, block.stride, 4);
    else
        lay_out(codes, n, room, block.stride, words);
    return block;
}
