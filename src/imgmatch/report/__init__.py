"""Write results as HTML pages."""

from imgmatch.report.page import write_report

__all__ = ["write_report"]
