"""The quality benchmark: labelled pairs, imgmatch and other tools, a report.

``python -m benchmarks.quality --data DIR`` runs it. `benchmarks.quality.pairs` gives
the same pairs to other programs.
"""
