"""One shard: the unit of work that any engine can run, anywhere."""

import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from imgmatch.errors import RegistryError, RegistryVersionError, ResumeError
from imgmatch.registry import Registry, Snapshot
from imgmatch.results import Outcome
from imgmatch.scans.directory import Manifest, ScanDirectory, Terms
from imgmatch.scans.judge import judge
from imgmatch.scans.news import News
from imgmatch.scans.partition import digest
from imgmatch.scans.since import as_noted, load_news
from imgmatch.sources import NamedImage

__all__ = ["Shard", "judge_shard", "scan_shard"]


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Some suspects and where everything is: plain data that can be sent.

    Attributes
    ----------
    number : int
        From 0, in the order of the suspects.
    suspects : tuple of NamedImage
    snapshot : bytes
        The originals as they were when the scan began, a pickled `Snapshot`.
    registry, directory : str
        Paths of the originals and of the results, as the worker sees them.
    terms : Terms
    """

    number: int
    suspects: tuple[NamedImage, ...]
    snapshot: bytes
    registry: str
    directory: str
    terms: Terms


def scan_shard(shard: Shard) -> Manifest:
    """Judge a shard's suspects and write the results, unless they are there.

    Returns
    -------
    Manifest

    Raises
    ------
    ResumeError
        If the shard was finished with other suspects.
    RegistryVersionError
        If the originals of the scan have gone.
    """
    directory = ScanDirectory(Path(shard.directory), shard.terms)
    inputs = digest(shard.suspects)
    finished = directory.manifest(shard.number)
    if finished is None:
        return directory.commit(shard.number, inputs, judge_shard(shard))
    if (finished.inputs, finished.terms) != (inputs, shard.terms):
        raise ResumeError(
            f"shard {shard.number} of {shard.directory} was finished "
            "with other suspects"
        )
    return finished


def judge_shard(shard: Shard) -> list[Outcome]:
    """Judge a shard's suspects and return what was found."""
    directory = ScanDirectory(Path(shard.directory), shard.terms)
    news = _news(shard.snapshot, shard.registry, shard.directory, shard.terms)
    with directory.journal(shard.number) as journal:
        return list(
            judge(
                shard.suspects,
                news,
                max_candidates=shard.terms.max_candidates,
                derived_score=shard.terms.derived_score,
                journal=journal,
            )
        )


@lru_cache(maxsize=1)
def _news(pickled: bytes, registry: str, directory: str, terms: Terms) -> News:
    """Open the originals once for all shards that a process is given."""
    try:
        snapshot: Snapshot = pickle.loads(pickled)
    except RegistryError:  # its files have been merged into others since
        with Registry.open(registry, read_only=True) as opened:
            snapshot = as_noted(Path(directory), opened.snapshot())
    if snapshot.id != terms.snapshot:
        raise RegistryVersionError(
            f"{registry} has changed since the scan began: "
            f"want snapshot {terms.snapshot}, got {snapshot.id}"
        )
    if terms.since is None:
        return News.everything(snapshot)
    return load_news(Path(directory), snapshot)
