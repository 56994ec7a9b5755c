"""Results as pages to look at."""

from imgmatch.report.page import write_report

__all__ = ["write_report"]
