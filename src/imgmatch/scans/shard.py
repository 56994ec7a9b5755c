"""Scan one shard, the unit of work that every engine runs."""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from imgmatch.errors import ResumeError
from imgmatch.results import ScanOutcome
from imgmatch.scans.directory import ScanDirectory, ScanParameters, ShardRecord
from imgmatch.scans.partition import digest
from imgmatch.scans.since import keep_recorded, load_targets
from imgmatch.scans.snapshots import PickledSnapshot
from imgmatch.scans.suspects import verify_each
from imgmatch.scans.targets import ScanTargets
from imgmatch.sources import NamedImage

__all__ = ["Shard", "scan_shard"]


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """The suspects of a shard, and where the originals and the results are.

    It is plain data, so that it can be sent to another process or machine.

    Attributes
    ----------
    number : int
        From 0, in the order of the suspects.
    suspects : tuple of NamedImage
    originals : SentSnapshot
        As they were when the scan began.
    directory : str
        Path of the results' directory, as the worker sees it.
    parameters : ScanParameters
    """

    number: int
    suspects: tuple[NamedImage, ...]
    originals: PickledSnapshot
    directory: str
    parameters: ScanParameters


def scan_shard(shard: Shard) -> ShardRecord:
    """Verify a shard's suspects and write the results, unless they are written.

    Returns
    -------
    ShardRecord

    Raises
    ------
    ResumeError
        If the shard was finished with other suspects.
    RegistryVersionError
        If originals that the scan began with have been removed.
    """
    directory = ScanDirectory(Path(shard.directory), shard.parameters)
    inputs = digest(shard.suspects)
    finished = directory.record(shard.number)
    if finished is None:
        return directory.commit(shard.number, inputs, _outcomes(shard, directory))
    if (finished.inputs, finished.parameters) != (inputs, shard.parameters):
        raise ResumeError(
            f"shard {shard.number} of {shard.directory} was finished "
            "with other suspects"
        )
    return finished


def _outcomes(shard: Shard, directory: ScanDirectory) -> list[ScanOutcome]:
    since = shard.parameters.since is not None
    targets = _targets(shard.originals, shard.directory, since)
    with directory.attempts(shard.number) as attempts:
        return list(
            verify_each(
                shard.suspects,
                targets,
                max_candidates=shard.parameters.max_candidates,
                derived_score=shard.parameters.derived_score,
                attempts=attempts,
            )
        )


@lru_cache(maxsize=1)
def _targets(originals: PickledSnapshot, directory: str, since: bool) -> ScanTargets:
    """Open the originals once for all shards that a process runs."""
    snapshot = originals.open(partial(keep_recorded, Path(directory)))
    if since:
        return load_targets(Path(directory), snapshot)
    return ScanTargets.everything(snapshot)
