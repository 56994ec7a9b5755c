/* An inverted file of descriptors. Each feature of an original is a posting under the
 * word of its descriptor, so a search compares a suspect only with similar features.
 * After Jégou, Douze and Schmid, "Hamming embedding and weak geometric consistency for
 * large scale image search", ECCV 2008. In addition, a search looks up the words that
 * an edit is likely to turn a word into.
 */
#ifndef IM_POSTINGS_H
#define IM_POSTINGS_H

#include "hamming.h"
#include "words.h"

enum {
    IM_CODE_BITS = 16,  /* low bits of the word that a code repeats */
    IM_POSITION_BITS = 10, /* of x and y */
    IM_SCALE_BITS = 6,  /* IM_SCALE_STEPS an octave, from octave IM_SCALE_LEAST on */
    IM_ANGLE_BITS = 6,  /* of a whole turn */
    IM_SCALE_STEPS = 5,
    IM_SCALE_LEAST = -4
};

/* The postings of some originals, sorted by word, then by row. Those under word w are
 * among starts[w >> shift] .. starts[(w >> shift) + 1] - 1. A code has the signature in
 * its high bits and the low IM_CODE_BITS bits of the word below them. */
typedef struct {
    const uint64_t *codes;
    const uint32_t *rows;
    const uint32_t *keypoints; /* x, y, scale and angle, from the low bits up */
    const uint32_t *starts;
    const uint8_t *live; /* for each row, whether a search may find it */
    size_t n, n_rows;
    uint32_t first; /* number of row 0 among the rows of all parts */
    int shift;
} im_postings;

typedef struct {
    float x, y, scale, angle;
} im_keypoint;

/* The features of a suspect; from index `mirrored` on, those of its mirror image. */
typedef struct {
    const uint64_t (*descriptors)[4];
    const im_keypoint *keypoints;
    size_t n, mirrored;
} im_suspect;

/* Limits of a search for each descriptor of a suspect. */
typedef struct {
    size_t probes;     /* words that are looked up */
    size_t postings;   /* compared postings; a word that would exceed this is skipped */
    size_t votes;      /* nearest postings that vote; all at one distance, or none */
    uint32_t distance; /* most bits that differ between signatures */
} im_effort;

/* A vote: one posting that is similar to one descriptor of the suspect. */
typedef struct {
    uint32_t key; /* original * 2 + mirrored */
    uint32_t keypoint;
    uint16_t query;
    uint16_t distance;
} im_vote;

typedef struct {
    im_vote *items;
    size_t n, room;
} im_votes;

/* An original, the number of its votes that were examined, and how many agree. */
typedef struct {
    uint32_t key;
    uint16_t votes, agreeing;
} im_candidate;

/* postings_search.c: append all votes. Returns 0 or IM_NO_MEMORY. */
int im_postings_search(const im_postings *parts, size_t n_parts,
                       const im_suspect *suspect, const int16_t *table,
                       const im_effort *effort, const im_kernel *kernel,
                       im_votes *votes);

/* postings_rank.c: sort the votes by key, and find the originals of which at least
 * `least` votes agree on a similarity transform. `candidates` has room for
 * votes->n / least. Returns how many there are, or IM_NO_MEMORY. */
ptrdiff_t im_postings_rank(im_votes *votes, const im_suspect *suspect, size_t least,
                           im_candidate *candidates);

/* postings_merge.c: write the postings of all parts, sorted by word, part and row.
 * names[p] holds the new row of each row of part p; UINT32_MAX drops a row. Returns how
 * many postings there are, at most `room`, or IM_NO_MEMORY. */
ptrdiff_t im_postings_merge(const im_postings *parts, size_t n_parts,
                            const uint32_t *const *names, int shift, size_t room,
                            uint64_t *codes, uint32_t *rows, uint32_t *keypoints,
                            uint32_t *starts);

#endif
