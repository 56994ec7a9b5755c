"""Store the results of a scan on disk, shard by shard.

::

    results/
      00000000.jsonl         results of shard 0
      00000001.jsonl         ...
      _00000000.shard.json   record of shard 0; without it, the shard is not finished
      _scan.json             parameters of the scan; when it is finished, the counts
      _originals.npy         digests of the originals
      _00000000.attempts     attempt log of shard 0, while it runs
      _known.npy             suspects that the earlier scan verified, with `since`
      _new-originals.json    originals that are new since the earlier scan

Readers of Parquet and JSON datasets skip names that begin with an underscore. Every
file except the attempt log is written under a temporary name, made durable and then
renamed; the results of a shard are written before its record. Writing a shard twice
does no harm, because the bytes are the same.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imgmatch.errors import ResumeError, ScanError
from imgmatch.files import PENDING_SUFFIX, durable_file
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.results import Result, ScanOutcome
from imgmatch.results.formats import format_of
from imgmatch.scans.attempts import AttemptLog

__all__ = [
    "ABOUT",
    "KNOWN",
    "NEW_ORIGINALS",
    "ORIGINALS",
    "ScanDirectory",
    "ScanParameters",
    "ShardRecord",
]

ABOUT, ORIGINALS = "_scan.json", "_originals.npy"
KNOWN, NEW_ORIGINALS = "_known.npy", "_new-originals.json"


@dataclass(frozen=True, slots=True)
class ScanParameters:
    """Everything besides the suspects that results depend on.

    Attributes
    ----------
    imgmatch : str
        Version of imgmatch.
    snapshot : str
        `Snapshot.id` of the originals.
    max_candidates, shard_size : int
    format : str
    since : str or None
        SHA-256 of the earlier scan's ``_scan.json``. Suspects that the earlier scan
        verified are compared only with new originals. None without an earlier scan.
    derived_score : float
    """

    imgmatch: str
    snapshot: str
    max_candidates: int
    shard_size: int
    format: str
    since: str | None = None
    derived_score: float = DERIVED_SCORE


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """The record of a finished shard.

    Attributes
    ----------
    shard : int
        Number of the shard, from 0, in the order of the suspects.
    inputs : str
        SHA-256 of the suspects' names, columns and places in archives; see `digest`.
    suspects : int
        Number of suspects.
    counts : dict of int
        Suspects by verdict, and under ``error`` those that could not be verified.
    output : str
        File name of the results.
    output_sha256 : str
    parameters : ScanParameters
    """

    shard: int
    inputs: str
    suspects: int
    counts: dict[str, int]
    output: str
    output_sha256: str
    parameters: ScanParameters


class ScanDirectory:
    """A directory of results; `imgmatch.scans.directory` lists the files in it."""

    def __init__(self, path: Path, parameters: ScanParameters) -> None:
        self.path, self.parameters = path, parameters
        self._format = format_of(parameters.format)

    @contextmanager
    def begin(self, *, resume: bool) -> Iterator[bool]:
        """Create the directory, or resume the scan in it.

        The caller writes the files of a new scan within the block. The scan counts
        as begun when the block has ended.

        Yields
        ------
        bool
            True for a new scan, False for a resumed one.

        Raises
        ------
        ScanError
            If the directory holds other files, or a scan and `resume` is False.
        ResumeError
            If the scan was begun with other parameters.
        """
        about = self.path / ABOUT
        if about.exists():
            if not resume:
                raise ScanError(
                    f"{self.path} holds a scan already: resume it, or delete it"
                )
            self._check(json.loads(about.read_text(encoding="utf-8"))["parameters"])
            yield False
            return
        self.path.mkdir(exist_ok=True)
        names = {
            path.name for path in self.path.iterdir() if path.suffix != PENDING_SUFFIX
        }
        if strangers := names - {ORIGINALS, KNOWN, NEW_ORIGINALS}:
            raise ScanError(f"{self.path} is not empty: it holds {min(strangers)}")
        yield True
        self._write_about({})

    def attempts(self, shard: int) -> AttemptLog:
        """Return the attempt log of a shard."""
        return AttemptLog(self.path / f"_{shard:08d}.attempts")

    def record(self, shard: int) -> ShardRecord | None:
        """Return a shard's record; None if it or the results are missing or damaged."""
        try:
            text = (self.path / f"_{shard:08d}.shard.json").read_bytes()
            found = json.loads(text)
            record = ShardRecord(
                **{**found, "parameters": ScanParameters(**found["parameters"])}
            )
            with (self.path / record.output).open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest()
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return record if whole == record.output_sha256 else None

    def commit(
        self, shard: int, inputs: str, outcomes: list[ScanOutcome]
    ) -> ShardRecord:
        """Write a shard's results, and then its record."""
        counts = Counter(
            str(outcome.verdict) if isinstance(outcome, Result) else "error"
            for outcome in outcomes
        )
        content = self._format.encode(outcomes)
        record = ShardRecord(
            shard=shard,
            inputs=inputs,
            suspects=len(outcomes),
            counts=dict(sorted(counts.items())),
            output=f"{shard:08d}.{self.parameters.format}",
            output_sha256=hashlib.sha256(content).hexdigest(),
            parameters=self.parameters,
        )
        with durable_file(self.path / record.output) as file:
            file.write(content)
        with durable_file(self.path / f"_{shard:08d}.shard.json") as file:
            file.write(json.dumps(asdict(record), indent=1).encode())
        return record

    def finish(self, shards: int) -> Counter[str]:
        """Check that all shards are finished, and write and return the counts.

        The counts go into ``_scan.json``.

        Parameters
        ----------
        shards : int
            Number of shards.

        Raises
        ------
        ScanError
            If a shard is missing.
        ResumeError
            If there are more than `shards`: the scan was begun with more suspects.
        """
        counts: Counter[str] = Counter()
        for shard in range(shards):
            record = self.record(shard)
            if record is None:
                raise ScanError(f"{self.path}: shard {shard} is not finished")
            counts.update(record.counts)
        if self.record(shards):
            raise ResumeError(
                f"{self.path} was begun with more suspects: there is a shard {shards}"
            )
        for path in self.path.glob(f"_*{PENDING_SUFFIX}"):
            path.unlink()  # left by processes that were killed
        self._write_about({"shards": shards, "counts": dict(sorted(counts.items()))})
        return counts

    def join(self, shards: int, into: Path) -> None:
        """Write the results of all shards to one file, and delete the directory."""
        with durable_file(into) as file:
            self._format.join(map(self._output, range(shards)), file)
        for path in self.path.iterdir():
            path.unlink()
        self.path.rmdir()

    def _output(self, shard: int) -> Path:
        return self.path / f"{shard:08d}.{self.parameters.format}"

    def _write_about(self, found: dict[str, Any]) -> None:
        about = {
            "parameters": asdict(self.parameters),
            "finished": bool(found),
            **found,
        }
        with durable_file(self.path / ABOUT) as file:
            file.write(json.dumps(about, indent=1).encode())

    def _check(self, before: dict[str, Any]) -> None:
        now = asdict(self.parameters)
        other = [name for name in now if before.get(name) != now[name]]
        if other:
            raise ResumeError(
                f"the scan in {self.path} was begun with another "
                + " and ".join(
                    f"{name} ({before.get(name)}, now {now[name]})" for name in other
                )
            )
