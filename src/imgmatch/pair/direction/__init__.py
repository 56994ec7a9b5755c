"""Which of an aligned pair could have been made from which.

A copy shows no more of the scene than its source and no finer detail. A query
that does contradicts the claim; one that does not is consistent with it, which
proves nothing.
"""

from imgmatch.pair.direction.judge import judge_direction

__all__ = ["judge_direction"]
