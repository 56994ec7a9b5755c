"""Results as pages to look at."""

from imgmatch.report.page import render

__all__ = ["render"]
