"""Benchmarks of speed (``bench_*.py``) and of accuracy (``quality``)."""
