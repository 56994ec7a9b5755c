"""The results of a scan on disk, shard by shard.

::

    results/
      00000000.jsonl                what shard 0 found
      00000001.jsonl                ..
      _00000000.shard.json       says so: a shard without it was not finished
      _scan.json                    what the results depend on; at the end, the counts
      _originals.npy                which originals there are
      _known.npy, _new-originals.json   what is new, where a scan was `since` another

Readers of Parquet and JSON datasets pass over names that begin with an underscore.
Every file is written beside its place, made durable and moved there whole, a
shard's results before its record. Writing a shard twice does no harm: the bytes are
the same.
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
from imgmatch.files import DRAFT_SUFFIX, durable_file
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
    """What results depend on besides the suspects.

    Attributes
    ----------
    imgmatch : str
        Version.
    snapshot : str
        `Snapshot.id` of the originals.
    max_candidates, shard_size : int
    format : str
    since : str or None
        Which earlier scan's listings are held against new originals only.
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
    """What a finished shard's results are.

    Attributes
    ----------
    shard : int
        From 0, in the order of the suspects.
    inputs : str
        SHA-256 of the suspects' names, columns and places in archives.
    suspects : int
    counts : dict of int
        By verdict, and ``error`` for those that could not be judged.
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
    """A directory of results; see `imgmatch.scan.directory` for what is in it."""

    def __init__(self, path: Path, parameters: ScanParameters) -> None:
        self.path, self.parameters = path, parameters
        self._format = format_of(parameters.format)

    @contextmanager
    def begin(self, *, resume: bool) -> Iterator[bool]:
        """Make the directory, or go on in it.

        Within the block, what belongs in a new one is to be written; it counts as
        begun after that.

        Yields
        ------
        bool
            Whether it is a new one.

        Raises
        ------
        ScanError
            If something else is there, or a scan and it is not to be resumed.
        ResumeError
            If the scan there was begun with other parameters.
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
            path.name for path in self.path.iterdir() if path.suffix != DRAFT_SUFFIX
        }
        if strangers := names - {ORIGINALS, KNOWN, NEW_ORIGINALS}:
            raise ScanError(f"{self.path} is not empty: it holds {min(strangers)}")
        yield True
        self._write_about({})

    def attempts(self, shard: int) -> AttemptLog:
        """Return the log of attempts at a shard."""
        return AttemptLog(self.path / f"_{shard:08d}.attempts")

    def record(self, shard: int) -> ShardRecord | None:
        """Return a shard's record if it is finished and its results are whole."""
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
        """Write a shard's results and then its record."""
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
        """Say in ``scan.json`` that all shards are there, and return the counts.

        Raises
        ------
        ScanError
            If a shard is missing.
        ResumeError
            If there are more than `shards`: the inputs were others before.
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
        for path in self.path.glob(f"_*{DRAFT_SUFFIX}"):
            path.unlink()  # of processes that were killed
        self._write_about({"shards": shards, "counts": dict(sorted(counts.items()))})
        return counts

    def join(self, shards: int, into: Path) -> None:
        """Write the results of all shards into one file, and delete the directory."""
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
