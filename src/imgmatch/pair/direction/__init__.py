"""Tell whether the query could have been made from the reference.

Input: an aligned pair, its agreement and the copied region. Output: a `Direction`.
A copy shows no more of the scene than its source, and no finer detail. So a query
that shows more contradicts the claim that it derives from the reference. A query
that shows no more is consistent with the claim, which proves nothing.

Three modules look for one sign each: `scene` for a scene that goes on beyond the
reference, `edges` for sharper edges, `enlargement` for finer detail in a larger
query. `tiles` picks the parts that detail is compared in. `judge` combines the signs.
"""

from imgmatch.pair.direction.judge import judge_direction

__all__ = ["judge_direction"]
