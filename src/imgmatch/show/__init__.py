"""Show comparisons to people: in words, as figures, plots and notebook cards.

Importing this package lets a `Comparison` draw itself: see `imgmatch.results.display`.
"""

from imgmatch.show import card, plot

__all__ = ["card", "plot"]
