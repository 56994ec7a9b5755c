"""The results of a scan on disk, shard by shard.

::

    results/
      00000000.jsonl                what shard 0 found
      00000001.jsonl                ..
      _00000000.manifest.json       says so: a shard without it was not finished
      _scan.json                    what the results depend on; at the end, the counts
      _originals.npy                which originals there are
      _known.npy, _new-originals.json   what is new, where a scan was `since` another

Readers of Parquet and JSON datasets pass over names that begin with an underscore.
Every file is written beside its place, made durable and moved there whole, a
shard's results before its manifest. Writing a shard twice does no harm: the bytes are
the same.
"""

import hashlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from imgmatch.errors import ResumeError, ScanError
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.results import Outcome, Result
from imgmatch.results.formats import format_of
from imgmatch.scans.journal import Journal

__all__ = [
    "ABOUT",
    "KNOWN",
    "NEW_ORIGINALS",
    "ORIGINALS",
    "Manifest",
    "ScanDirectory",
    "Terms",
    "committed",
]

ABOUT, ORIGINALS = "_scan.json", "_originals.npy"
KNOWN, NEW_ORIGINALS = "_known.npy", "_new-originals.json"


@dataclass(frozen=True, slots=True)
class Terms:
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
class Manifest:
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
    terms : Terms
    """

    shard: int
    inputs: str
    suspects: int
    counts: dict[str, int]
    output: str
    output_sha256: str
    terms: Terms


class ScanDirectory:
    """A directory of results; see `imgmatch.scan.directory` for what is in it."""

    def __init__(self, path: Path, terms: Terms) -> None:
        self.path, self.terms = path, terms
        self._format = format_of(terms.format)

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
            If the scan there was begun on other terms.
        """
        about = self.path / ABOUT
        if about.exists():
            if not resume:
                raise ScanError(
                    f"{self.path} holds a scan already: resume it, or delete it"
                )
            self._check(json.loads(about.read_text(encoding="utf-8"))["terms"])
            yield False
            return
        self.path.mkdir(exist_ok=True)
        names = {path.name for path in self.path.iterdir() if path.suffix != ".draft"}
        if strangers := names - {ORIGINALS, KNOWN, NEW_ORIGINALS}:
            raise ScanError(f"{self.path} is not empty: it holds {min(strangers)}")
        yield True
        self._write_about({})

    def journal(self, shard: int) -> Journal:
        """Return the journal of a shard."""
        return Journal(self.path / f"_{shard:08d}.journal")

    def manifest(self, shard: int) -> Manifest | None:
        """Return a shard's manifest if it is finished and its results are whole."""
        try:
            text = (self.path / f"_{shard:08d}.manifest.json").read_bytes()
            found = json.loads(text)
            manifest = Manifest(**{**found, "terms": Terms(**found["terms"])})
            with (self.path / manifest.output).open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest()
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return manifest if whole == manifest.output_sha256 else None

    def commit(self, shard: int, inputs: str, outcomes: list[Outcome]) -> Manifest:
        """Write a shard's results and then its manifest."""
        counts = Counter(
            str(outcome.verdict) if isinstance(outcome, Result) else "error"
            for outcome in outcomes
        )
        content = self._format.encode(outcomes)
        manifest = Manifest(
            shard=shard,
            inputs=inputs,
            suspects=len(outcomes),
            counts=dict(sorted(counts.items())),
            output=f"{shard:08d}.{self.terms.format}",
            output_sha256=hashlib.sha256(content).hexdigest(),
            terms=self.terms,
        )
        with committed(self.path / manifest.output) as file:
            file.write(content)
        with committed(self.path / f"_{shard:08d}.manifest.json") as file:
            file.write(json.dumps(asdict(manifest), indent=1).encode())
        return manifest

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
            manifest = self.manifest(shard)
            if manifest is None:
                raise ScanError(f"{self.path}: shard {shard} is not finished")
            counts.update(manifest.counts)
        if self.manifest(shards):
            raise ResumeError(
                f"{self.path} was begun with more suspects: there is a shard {shards}"
            )
        for path in self.path.glob("_*.draft"):
            path.unlink()  # of processes that were killed
        self._write_about({"shards": shards, "counts": dict(sorted(counts.items()))})
        return counts

    def join(self, shards: int, into: Path) -> None:
        """Write the results of all shards into one file, and delete the directory."""
        with committed(into) as file:
            self._format.join(map(self._output, range(shards)), file)
        for path in self.path.iterdir():
            path.unlink()
        self.path.rmdir()

    def _output(self, shard: int) -> Path:
        return self.path / f"{shard:08d}.{self.terms.format}"

    def _write_about(self, found: dict[str, Any]) -> None:
        about = {"terms": asdict(self.terms), "finished": bool(found), **found}
        with committed(self.path / ABOUT) as file:
            file.write(json.dumps(about, indent=1).encode())

    def _check(self, before: dict[str, Any]) -> None:
        now = asdict(self.terms)
        other = [name for name in now if before.get(name) != now[name]]
        if other:
            raise ResumeError(
                f"the scan in {self.path} was begun with another "
                + " and ".join(
                    f"{name} ({before.get(name)}, now {now[name]})" for name in other
                )
            )


@contextmanager
def committed(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that is there whole, and durable, or not at all."""
    draft = path.with_name(f"_{path.name}.{uuid.uuid4().hex}.draft")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the name itself
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
