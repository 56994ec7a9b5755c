"""Compare one suspect with the registered originals.

Input: an image and a registry. Output: a `Result` with a match for every original that
the suspect has something in common with. The registry proposes candidates, and each is
compared with the suspect in full.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.image import EncodedImage, ImageSource
from imgmatch.pair.compare import Examination, examine_pair
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Registry, Snapshot
from imgmatch.results import Match, Result, Verdict

__all__ = ["MAX_CANDIDATES", "Verification", "examine_suspect", "verify"]

MAX_CANDIDATES = 12
"""Candidates that a suspect is compared with in full at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """A result, and what its matches rest on.

    Attributes
    ----------
    result : Result
    examinations : mapping of str to Examination
        By reference id, one for each match. Each holds pictures and masks, about
        5 MB.
    """

    result: Result
    examinations: Mapping[str, Examination]


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
        Pass a `Registry.snapshot` to compare many suspects with the same originals.
    name : str, optional
        Name of the suspect in the result. By default the path as given, ``<bytes>`` or
        ``<array>``.
    max_candidates : int
        Candidates to compare with in full at most, likeliest first.
    derived_score : float
        Score from which the suspect counts as derived; see `imgmatch.derived_score`.

    Returns
    -------
    Result
        Matches best first. Originals with nothing in common are left out.

    Raises
    ------
    DecodeError
        If the suspect cannot be read as an image.
    InputError
        If `derived_score` is below the default.

    Examples
    --------
    >>> with Registry.open("registry", read_only=True) as registry:  # doctest: +SKIP
    ...     result = verify("listing.jpg", registry)
    >>> result.verdict  # doctest: +SKIP
    <Verdict.DERIVED: 'derived'>
    """
    query = fingerprint(suspect, role=Role.QUERY)
    matches = (
        Match(reference_id, examination.comparison)
        for reference_id, examination in _examinations(
            query, registry, max_candidates, derived_score
        )
    )
    return _result(query, suspect, name, matches)


def examine_suspect(
    suspect: ImageSource,
    registry: Registry | Snapshot,
    *,
    name: str | None = None,
    max_candidates: int = MAX_CANDIDATES,
    derived_score: float = DERIVED_SCORE,
) -> Verification:
    """Decide as `verify` does, and keep what the decision rests on.

    A bundle or a figure can be made from it without comparing again.

    Parameters
    ----------
    suspect, registry, name, max_candidates, derived_score
        As for `verify`.

    Returns
    -------
    Verification

    Raises
    ------
    DecodeError, InputError
        As for `verify`.
    """
    query = fingerprint(suspect, role=Role.QUERY)
    found = {
        reference_id: examination
        for reference_id, examination in _examinations(
            query, registry, max_candidates, derived_score
        )
        if examination.comparison.verdict is not Verdict.UNRELATED
    }
    matches = [
        Match(reference_id, examination.comparison)
        for reference_id, examination in found.items()
    ]
    return Verification(_result(query, suspect, name, matches), found)


def _examinations(
    query: Fingerprint,
    registry: Registry | Snapshot,
    max_candidates: int,
    derived_score: float,
) -> Iterator[tuple[str, Examination]]:
    """Examine the query with each candidate; yield it with the reference id."""
    snapshot = registry.snapshot() if isinstance(registry, Registry) else registry
    for candidate in snapshot.candidates(query, limit=max_candidates):
        yield (
            candidate.reference_id,
            examine_pair(
                candidate.fingerprint(),
                query,
                pairs=len(snapshot),
                derived_score=derived_score,
            ),
        )


def _result(
    query: Fingerprint, suspect: ImageSource, name: str | None, matches: Iterable[Match]
) -> Result:
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
    if isinstance(suspect, EncodedImage):
        return suspect.source
    if isinstance(suspect, bytes):
        return "<bytes>"
    return "<array>" if isinstance(suspect, np.ndarray) else str(suspect)
