"""Suspects, one after the other, against a snapshot."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from imgmatch.errors import MissingExtraError, RegistryError
from imgmatch.image import ImageSource, read_file
from imgmatch.results import Outcome, Result, ScanFailure
from imgmatch.scans.journal import Journal
from imgmatch.scans.news import News
from imgmatch.sources import Loader, NamedImage
from imgmatch.verification import verify

__all__ = ["MOST_DEATHS", "judge"]

REMEMBERED = 1024
"""Results kept for bytes that come again; the most recent ones."""

MOST_DEATHS = 2
"""Processes that may die over a suspect: one, and one to know that it was no chance."""


def judge(
    suspects: Iterable[NamedImage],
    news: News,
    *,
    max_candidates: int,
    derived_score: float,
    journal: Journal | None = None,
) -> Iterator[Outcome]:
    """Judge each suspect; one that cannot be judged is a `ScanFailure`.

    The same bytes are judged once, as long as not too many others come between. With
    a journal, suspects that processes have died over are given up.

    Raises
    ------
    RegistryError
        If the originals cannot be read: no answer would be worth anything.
    MissingExtraError
        If suspects lie in files that take an optional package to read.
    """
    known: OrderedDict[str, Result] = OrderedDict()

    def result(suspect: NamedImage) -> Result:
        image = loader.load(suspect.image)
        if isinstance(image, str | os.PathLike):
            image = read_file(image)
        digest = hashlib.sha256(image).hexdigest() if isinstance(image, bytes) else ""
        found = known.pop(digest, None) or held_against(image, digest)
        if digest:
            known[digest] = found
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        return replace(found, query=suspect.name, columns=suspect.columns)

    held = partial(verify, max_candidates=max_candidates, derived_score=derived_score)

    def held_against(image: ImageSource, digest: str) -> Result:
        if not (digest and news.knows(digest)):
            return held(image, news.all)
        if news.new is None:  # which saves looking at the picture
            return Result("", digest, (), since=news.since)
        return replace(held(image, news.new), since=news.since)

    with Loader() as loader:
        for place, suspect in enumerate(suspects):
            if journal:
                if (deaths := journal.deaths[place]) >= MOST_DEATHS:
                    reason = f"{deaths} processes died over it"
                    yield _failure(suspect, "WorkerError", reason)
                    continue
                journal.begin(place)
            yield _outcome(suspect, result)


def _outcome(suspect: NamedImage, result: Callable[[NamedImage], Result]) -> Outcome:
    try:
        return result(suspect)
    except (RegistryError, MissingExtraError):
        raise
    except Exception as error:  # a dump of millions holds every surprise
        reason = getattr(error, "reason", None) or str(error)
        return _failure(suspect, type(error).__name__, reason)


def _failure(suspect: NamedImage, error_type: str, reason: str) -> ScanFailure:
    return ScanFailure(suspect.name, error_type, reason, suspect.columns)
