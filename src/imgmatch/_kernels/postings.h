/* An inverted file of descriptors: the postings of an original stand under the
 * words of its features, so that a suspect meets only features like its own.
 * After Jégou, Douze and Schmid, "Hamming embedding and weak geometric
 * consistency for large scale image search", ECCV 2008, with words that are
 * looked up where they may have turned.
 */
#ifndef IM_POSTINGS_H
#define IM_POSTINGS_H

#include "hamming.h"
#include "words.h"

enum {
    IM_CODE_BITS = 16,  /* of the word that a code repeats */
    IM_POSITION_BITS = 10, /* of x and y */
    IM_SCALE_BITS = 6,  /* IM_SCALE_STEPS an octave, from IM_SCALE_LEAST on */
    IM_ANGLE_BITS = 6,  /* of a whole turn */
    IM_SCALE_STEPS = 5,
    IM_SCALE_LEAST = -4
};

/* The postings of some originals, sorted by word, then by row. Those under word w
 * are among starts[w >> shift] .. starts[(w >> shift) + 1] - 1; a code holds the
 * signature above the low 16 bits of the word. */
typedef struct {
    const uint64_t *codes;
    const uint32_t *rows;
    const uint32_t *keypoints; /* x, y, scale and angle, from the low bits up */
    const uint32_t *starts;
    const uint8_t *live; /* by row; others are never found */
    size_t n, n_rows;
    uint32_t first; /* number of row 0 among the rows of all parts */
    int shift;
} im_postings;

typedef struct {
    float x, y, scale, angle;
} im_keypoint;

/* A suspect: its features, from `mirrored` on those of its mirror image. */
typedef struct {
    const uint64_t (*descriptors)[4];
    const im_keypoint *keypoints;
    size_t n, mirrored;
} im_suspect;

/* What a search may spend on each of a suspect's descriptors. */
typedef struct {
    size_t probes;     /* words */
    size_t postings;   /* compared; words that would exceed it are left out */
    size_t votes;      /* postings that count: the nearest, whole distances only */
    uint32_t distance; /* of signatures, at most */
} im_effort;

/* One posting that is like one of the suspect's descriptors. */
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

/* An original with its votes, of those that were looked at, and how many agree. */
typedef struct {
    uint32_t key;
    uint16_t votes, agreeing;
} im_candidate;

/* postings_search.c: append all votes. Returns 0 or IM_NO_MEMORY. */
int im_postings_search(const im_postings *parts, size_t n_parts,
                       const im_suspect *suspect, const int16_t *table,
                       const im_effort *effort, const im_kernel *kernel,
                       im_votes *votes);

/* postings_rank.c: sort the votes by key and find those originals that have at
 * least `least` which agree about a similarity. `candidates` has room for
 * votes->n / least. Returns how many, or IM_NO_MEMORY. */
ptrdiff_t im_postings_rank(im_votes *votes, const im_suspect *suspect, size_t least,
                           im_candidate *candidates);

/* postings_merge.c: write the postings of all parts by word, then part, then row.
 * names[p] renames the rows of part p; UINT32_MAX leaves one out. Returns how many
 * there are, at most `room`, or IM_NO_MEMORY. */
ptrdiff_t im_postings_merge(const im_postings *parts, size_t n_parts,
                            const uint32_t *const *names, int shift, size_t room,
                            uint64_t *codes, uint32_t *rows, uint32_t *keypoints,
                            uint32_t *starts);

#endif
