"""The way of one pair: an original and a suspect, from features to an answer.

In order:

1. `match`: features of both -> correspondences.
2. `align`: correspondences -> alignments that chance does not explain.
3. `canvas`: both pictures drawn on one canvas.
4. `refine`: the alignment made exact on the pixels.
5. `agreement`: where the pixels agree, and where they differ.
6. `region`: which part of either picture is the copy.
7. `measure`: all that as numbers, the evidence.
8. `examine`: which alignment counts.
9. `decision`: evidence -> verdict, score and reason.
10. `overlays` and `lettering`: what was drawn over the copy, or wiped.
11. `direction`: which of the two could have been made from which.
12. `explain`: the edits, by name.
13. `compare`: runs all of these.
"""
