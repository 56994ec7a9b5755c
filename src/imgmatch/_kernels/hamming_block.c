/* Blocks: codes laid out word by word. */
#include "hamming.h"

size_t im_block_codes(size_t words) {
    size_t codes = IM_BLOCK_WORDS / words;
    return codes - codes % 32; /* whole batches for every kernel */
}

im_block im_block_of(const uint64_t *codes, size_t n, size_t words, uint64_t *room) {
    im_block block = {codes, n, n, words};
    if (words == 1) return block;
    block.planes = room;
    block.stride = im_block_codes(words);
    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < words; w++)
            room[w * block.stride + i] = codes[i * words + w];
    return block;
}
