"""Benchmarks: speed (``bench_*.py``) and accuracy (``quality``)."""
