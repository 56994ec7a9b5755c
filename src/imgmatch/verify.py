"""One suspect against the registered originals."""

from imgmatch.compare import compare_fingerprints
from imgmatch.decision import CERTAIN_SCORE, DERIVED_SCORE
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.image import ImageSource
from imgmatch.registry import Registry, Snapshot
from imgmatch.types import Match, Result, Verdict

__all__ = ["MAX_CANDIDATES", "verify"]

MAX_CANDIDATES = 12

WHOLE = 0.9
"""Fraction that both pictures must have in common for the suspect to be a whole copy,
which is not searched for parts of other originals."""


def verify(
    suspect: ImageSource,
    registry: Registry | Snapshot,
    *,
    name: str | None = None,
    max_candidates: int = MAX_CANDIDATES,
    derived_score: float = DERIVED_SCORE,
) -> Result:
    """Decide whether an image derives from a registered original.

    Of a whole copy of one original nothing is said about others that share a part
    with it: they are not looked for, which saves a third of the time.

    Parameters
    ----------
    suspect : path, bytes or (H, W, 3) uint8 RGB
    registry : Registry or Snapshot
        Pass a `Registry.snapshot` to hold many answers to the same originals.
    name : str, optional
        What the result calls the suspect; a path as given, if not stated.
    max_candidates : int
        Originals to compare with in full, likeliest first.
    derived_score : float
        From which the suspect is derived; see `imgmatch.derived_score`.

    Returns
    -------
    Result
        Matches best first; originals with nothing in common are left out.

    Raises
    ------
    DecodeError
        If the suspect cannot be read.
    InputError
        If `derived_score` is below the default.
    """
    query = fingerprint(suspect, role=Role.QUERY)
    snapshot = registry.snapshot() if isinstance(registry, Registry) else registry

    def against(reference_id: str) -> Match:
        comparison = compare_fingerprints(
            snapshot.fingerprint(reference_id),
            query,
            pairs=len(snapshot),
            derived_score=derived_score,
        )
        return Match(reference_id, comparison)

    most = (max_candidates + 1) // 2
    whole = snapshot.whole_copies(query, limit=most)
    matches = [against(reference_id) for reference_id in whole]
    if len(whole) == most or not any(_is_whole_copy(match) for match in matches):
        candidates = snapshot.candidates(query, limit=max_candidates)
        matches += [against(other) for other in candidates if other not in whole]
    related = [m for m in matches if m.comparison.verdict is not Verdict.UNRELATED]
    return Result(
        query=_name(suspect) if name is None else name,
        sha256=query.sha256,
        matches=tuple(sorted(related, key=_best_first)),
    )


def _is_whole_copy(match: Match) -> bool:
    found = match.comparison
    return (
        found.verdict is Verdict.DERIVED
        and found.score >= CERTAIN_SCORE
        and min(found.reference_kept or 0.0, found.query_covered or 0.0) >= WHOLE
    )


def _best_first(match: Match) -> tuple[int, float, str]:
    comparison = match.comparison
    return comparison.verdict.rank, -comparison.score, match.reference_id


def _name(suspect: ImageSource) -> str:
    if isinstance(suspect, bytes):
        return "<bytes>"
    return str(suspect) if not hasattr(suspect, "dtype") else "<array>"
