"""Decide whether one suspect derives from one original.

`compare` runs all stages and is the place to call. `reference` is the original and
`query` the suspect. Read the modules in this order:

1. `match` pairs the keypoints of both pictures by their descriptors.
2. `align` fits homographies to these correspondences, and says how likely chance
   explains each.
3. `canvas` draws both pictures on one pixel grid.
4. `refine` makes an alignment exact on the pixels.
5. `agreement` tells where the pixels agree, and where they differ.
6. `region` finds the part of either picture that is the copy.
7. `measure` counts all that inside the region. The numbers are the `Evidence`.
8. `decision` turns evidence into verdict, score and reason.
9. `examine` runs stages 1 to 7 for each alignment and picks the one that counts, by its
   score.
10. `lettering` and `overlays` find what was drawn over the copy, or wiped.
11. `direction` tells whether the query could have been made from the reference.
12. `explain` names the edits.
13. `compare` runs all of these and returns one `Comparison`.
14. `shared_regions` finds what a shared overlay has in common, for evidence bundles.

`window`, `statistics` and `sharpness` serve several stages. `constants` collects the
constants of all stages for evidence bundles.
"""
