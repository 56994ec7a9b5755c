"""One suspect against the registered originals."""

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.image import ImageSource
from imgmatch.pair.compare import compare_fingerprints
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Registry, Snapshot
from imgmatch.results import Match, Result, Verdict

__all__ = ["MAX_CANDIDATES", "verify"]

MAX_CANDIDATES = 12


def verify(
    suspect: ImageSource,
    registry: Registry | Snapshot,
    *,
    name: str | None = None,
    max_candidates: int = MAX_CANDIDATES,
    derived_score: float = DERIVED_SCORE,
) -> Result:
    """Decide whether an image derives from a registered original.

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
    matches = [
        Match(
            reference_id,
            compare_fingerprints(
                snapshot.fingerprint(reference_id),
                query,
                pairs=len(snapshot),
                derived_score=derived_score,
            ),
        )
        for reference_id in snapshot.candidates(query, limit=max_candidates)
    ]
    related = [m for m in matches if m.comparison.verdict is not Verdict.UNRELATED]
    return Result(
        query=_name(suspect) if name is None else name,
        sha256=query.sha256,
        matches=tuple(sorted(related, key=_best_first)),
    )


def _best_first(match: Match) -> tuple[int, float, str]:
    comparison = match.comparison
    return comparison.verdict.rank, -comparison.score, match.reference_id


def _name(suspect: ImageSource) -> str:
    if isinstance(suspect, bytes):
        return "<bytes>"
    return str(suspect) if not hasattr(suspect, "dtype") else "<array>"
