"""The yardstick of the verdicts: made suspects, negatives, peers, report.

``python -m benchmarks.quality --data DIR`` runs it; `benchmarks.quality.pairs`
is the same pairs as a library.
"""
