"""Verify suspects, one after the other."""

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from imgmatch.errors import MissingExtraError, RegistryError, WorkerError
from imgmatch.image import EncodedImage, ImageSource, read_image
from imgmatch.results import Result, ScanFailure, ScanOutcome
from imgmatch.scans.attempts import AttemptLog
from imgmatch.scans.targets import ScanTargets
from imgmatch.sources import Loader, NamedImage
from imgmatch.verification import verify

__all__ = ["MAX_DEATHS", "verify_each"]

CACHED_RESULTS = 1024
"""Number of most recent results kept, in case the same bytes come again."""

MAX_DEATHS = 2
"""Processes that may die over a suspect. A second death shows that the first was no
accident."""


def verify_each(
    suspects: Iterable[NamedImage],
    targets: ScanTargets,
    *,
    max_candidates: int,
    derived_score: float,
    attempts: AttemptLog | None = None,
) -> Iterator[ScanOutcome]:
    """Verify each suspect; one that cannot be verified becomes a `ScanFailure`.

    Equal bytes are verified once, while their result is among the last
    `CACHED_RESULTS`.
    A suspect over which `MAX_DEATHS` processes have died, by the attempt log, is
    given up: it becomes a `ScanFailure` too.

    Raises
    ------
    RegistryError
        If the originals cannot be read; no result could be trusted then.
    MissingExtraError
        If suspects are in files that need an optional package to read.
    """
    check = partial(verify, max_candidates=max_candidates, derived_score=derived_score)
    known = _ResultCache()
    with Loader() as loader:
        for place, suspect in enumerate(suspects):
            if attempts:
                if (deaths := attempts.deaths[place]) >= MAX_DEATHS:
                    error = WorkerError(f"{deaths} processes died over it")
                    yield ScanFailure.of(suspect.name, error, suspect.columns)
                    continue
                attempts.begin(place)
            try:
                found = _result(loader.load(suspect.image), targets, check, known)
                yield replace(found, query=suspect.name, columns=suspect.columns)
            except (RegistryError, MissingExtraError):
                raise
            except Exception as error:  # millions of files contain every kind of defect
                yield ScanFailure.of(suspect.name, error, suspect.columns)


class _ResultCache(OrderedDict[str, Result]):
    """The most recent results, by the SHA-256 of the suspect's bytes."""

    def keep(self, sha256: str, result: Result) -> None:
        self[sha256] = result
        self.move_to_end(sha256)
        if len(self) > CACHED_RESULTS:
            self.popitem(last=False)


def _result(
    image: ImageSource,
    targets: ScanTargets,
    check: partial[Result],
    known: _ResultCache,
) -> Result:
    if not isinstance(image, str | os.PathLike | bytes | EncodedImage):
        return check(image, targets.all)
    encoded = read_image(image)
    found = known.get(encoded.sha256) or _against_targets(encoded, targets, check)
    known.keep(encoded.sha256, found)
    return found


def _against_targets(
    encoded: EncodedImage, targets: ScanTargets, check: partial[Result]
) -> Result:
    if not targets.knows(encoded.sha256):
        return check(encoded, targets.all)
    if targets.new is None:  # nothing to compare with: skip decoding
        return Result("", encoded.sha256, (), since=targets.since)
    return replace(check(encoded, targets.new), since=targets.since)
