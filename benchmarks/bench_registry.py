"""Measure retrieval in registries of a thousand to a million originals.

For each size the benchmark measures, by edit, the share of suspects whose original is
among the candidates and the share that the verification calls derived; the processor
time of a suspect by stage; the index's bytes per original, the time to build and to
open it; and the memory of several processes that search it at once (PSS, which counts
a shared page in part).

The originals are real photographs first, then decoys (see benchmarks/decoys.py).
imgmatch's own `build_part` and `merge_parts` build the index. A decoy has no picture.
If one becomes a candidate, a real photograph is verified instead, so that the time
includes its verification.

    python -m benchmarks.bench_registry --data DIR [--sizes 1000,10000] [--out FOLDER]

DIR is a folder as benchmarks/quality/README.md describes. The benchmark prints a JSON
line for each size and writes registry.json and registry.md into FOLDER. A size of a
million takes 8 GB of disk while it runs.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.decoys import Decoys, recombine
from benchmarks.quality.codec import save
from benchmarks.quality.dataset import Dataset, read
from benchmarks.quality.edits import EDITS
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.index import CandidateIndex, Part, build_part, merge_parts
from imgmatch.pair.compare import examine_pair
from imgmatch.results import Verdict
from imgmatch.verification import MAX_CANDIDATES

EDITED = ("resize", "crop20", "mirror", "collage2x2", "inset40", "screenshot")
"""Edits of the suspects."""
HOSTS = 24
"""Distractors that collages and insets show besides the original; not registered."""
BLOCK = 50_000
"""Decoys that are drawn; any more are recombined from these."""
READERS = 10
"""Processes that search at once for the measurement of memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Suspect:
    """A suspect: its edit, its file and the row of its original."""

    edit: str
    data: bytes
    row: int


def suspects(
    data: Dataset, hosts: Sequence[NDArray[np.uint8]], n: int, seed: int
) -> Iterator[Suspect]:
    """Make every edit of n originals, spread evenly over all."""
    rows = np.linspace(0, len(data.originals) - 1, n).astype(int)
    for row in dict.fromkeys(rows.tolist()):
        photo = read(data.root, data.originals[row].path)
        for number, edit in enumerate(EDITED):
            rng = np.random.default_rng([seed, row, number])
            yield Suspect(edit, save(EDITS[edit](photo, rng, hosts), rng), row)


class ArrayFolder:
    """Writes the arrays of a part as files and maps them, as a registry does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, name: str, array: NDArray[Any]) -> None:
        np.save(self.folder / f"{name}.npy", array)

    def part(self) -> dict[str, NDArray[Any]]:
        files = sorted(self.folder.glob("*.npy"))
        return {file.stem: np.load(file, mmap_mode="r") for file in files}

    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.iterdir())


def all_rows(part: Part) -> NDArray[np.bool_]:
    return np.ones(len(part["counts"]), np.bool_)


def write_index(
    real: Part, decoys: Decoys, size: int, folder: Path, seed: int
) -> ArrayFolder:
    """Write an index of `size` originals: the real ones, then decoys."""
    wanted = size - len(real["counts"])
    parts = [real]
    if wanted > 0:
        base = decoys.part(min(wanted, BLOCK))
        rng = np.random.default_rng(seed)
        blocks = -(-wanted // BLOCK)
        parts.append(base)
        for number in range(1, blocks):
            block = ArrayFolder(folder / f"block{number}")
            for name, array in recombine(base, rng).items():
                block.write(name, array)
            parts.append(block.part())
    keep = [all_rows(part) for part in parts]
    surplus = sum(map(len, keep)) - size
    if surplus > 0:
        keep[-1][-surplus:] = False
    files = ArrayFolder(folder / "index")
    for name, array in merge_parts(parts, keep).items():
        files.write(name, array)
    return files


def search_and_measure(
    folder: Path, queries: Sequence[Fingerprint], barrier: Any, queue: Any
) -> None:
    """Search, then put this process's PSS and RSS, in kB, into the queue."""
    part = {file.stem: np.load(file, mmap_mode="r") for file in folder.glob("*.npy")}
    index = CandidateIndex([part], [all_rows(part)])
    for query in queries:
        index.search(query, limit=MAX_CANDIDATES)
    barrier.wait()  # until all processes have searched
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    fields = dict(line.split(":") for line in rollup.splitlines()[1:])
    queue.put([int(fields[name].split()[0]) for name in ("Pss", "Rss")])
    barrier.wait()  # until all processes have measured


def memory(folder: Path, queries: Sequence[Fingerprint]) -> dict[str, float]:
    """Return PSS and RSS in MB, summed over `READERS` processes; Linux only."""
    context = multiprocessing.get_context("fork")
    barrier, queue = context.Barrier(READERS), context.Queue()
    processes = [
        context.Process(
            target=search_and_measure, args=(folder, queries, barrier, queue)
        )
        for _ in range(READERS)
    ]
    for process in processes:
        process.start()
    kilobytes = np.array([queue.get() for _ in processes])
    for process in processes:
        process.join()
    pss, rss = kilobytes.sum(axis=0) / 1024
    return {"readers": READERS, "pss_mb": round(pss, 1), "rss_mb": round(rss, 1)}


def measure(
    index: CandidateIndex,
    originals: Sequence[Fingerprint],
    found: Sequence[Suspect],
    size: int,
) -> dict[str, Any]:
    """Return recall by edit, and milliseconds of processor time by stage."""
    times: dict[str, list[float]] = {"describe": [], "search": [], "verify": []}
    recall: dict[str, list[bool]] = {edit: [] for edit in EDITED}
    derived: dict[str, list[bool]] = {edit: [] for edit in EDITED}
    candidates = []
    for suspect in found:
        ticks = [time.process_time()]
        query = fingerprint(suspect.data, role=Role.QUERY)
        ticks.append(time.process_time())
        places = index.search(query, limit=MAX_CANDIDATES)
        ticks.append(time.process_time())
        verdicts = {
            row: examine_pair(
                originals[row % len(originals)], query, pairs=size
            ).comparison.verdict
            for _, row in places
        }
        ticks.append(time.process_time())
        for stage, (start, stop) in zip(times, pairwise(ticks), strict=True):
            times[stage].append(1e3 * (stop - start))
        recall[suspect.edit].append((0, suspect.row) in places)
        derived[suspect.edit].append(verdicts.get(suspect.row) is Verdict.DERIVED)
        candidates.append(len(places))
    return {
        "recall": {edit: statistics.mean(hits) for edit, hits in recall.items()},
        "derived": {edit: statistics.mean(hits) for edit, hits in derived.items()},
        "milliseconds": {
            stage: round(statistics.median(spent), 1) for stage, spent in times.items()
        },
        "candidates": statistics.mean(candidates),
    }


def main(
    data: Path,
    sizes: Sequence[int] = (1000, 10_000),
    photographs: int = 50,
    out: Path | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    cv2.setNumThreads(1)
    folder = Dataset.open(data)
    hosts = [read(data, photo.path) for photo in folder.distractors[-HOSTS:]]
    described = [
        fingerprint((data / photo.path).read_bytes(), role=Role.REFERENCE)
        for photo in (*folder.originals, *folder.distractors[:-HOSTS])
    ]
    hashes = [one.hashes for one in described]
    features = [one.features for one in described]
    n_originals = len(folder.originals)
    decoys = Decoys(
        hashes[n_originals:], features[n_originals:], np.random.default_rng(seed)
    )
    found = list(suspects(folder, hosts, photographs, seed))
    figures = []
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        real = min(size, len(described))
        with tempfile.TemporaryDirectory(dir=out, prefix="registry-") as scratch:
            start = time.process_time()
            files = write_index(
                build_part(hashes[:real], features[:real]),
                decoys,
                size,
                Path(scratch),
                seed,
            )
            built = time.process_time() - start
            start = time.perf_counter()
            part = files.part()
            index = CandidateIndex([part], [all_rows(part)])
            opened = time.perf_counter() - start
            queries = [fingerprint(one.data, role=Role.QUERY) for one in found[:12]]
            for query in queries:  # read the pages that a long-lived reader has read
                index.search(query, limit=MAX_CANDIDATES)
            figure = {
                "originals": size,
                "real": real,
                "described_decoys": min(max(size - real, 0), BLOCK),
                "suspects": len(found),
                **measure(index, described, found, size),
                "bytes_an_original": round(files.bytes() / size),
                "build_cpu_seconds": round(built, 1),
                "open_seconds": round(opened, 5),
                "memory": memory(files.folder, queries),
            }
        print(json.dumps(figure), flush=True)
        figures.append(figure)
    if out is not None:
        (out / "registry.json").write_text(json.dumps(figures, indent=2) + "\n")
        (out / "registry.md").write_text(markdown(figures))
    return figures


def markdown(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return the figures as a Markdown table with a column for each size."""
    rows = {"of them real photographs": [f"{one['real']:,}" for one in figures]}
    for kind, label in (("recall", "among candidates"), ("derived", "derived")):
        for edit in EDITED:
            rows[f"{edit}, {label}"] = [f"{one[kind][edit]:.3f}" for one in figures]
    for stage in ("describe", "search", "verify"):
        rows[f"{stage}, ms"] = [str(one["milliseconds"][stage]) for one in figures]
    rows["candidates a suspect"] = [f"{one['candidates']:.1f}" for one in figures]
    rows["index, bytes an original"] = [
        f"{one['bytes_an_original']:,}" for one in figures
    ]
    rows["build, processor seconds"] = [
        str(one["build_cpu_seconds"]) for one in figures
    ]
    rows["open, seconds"] = [str(one["open_seconds"]) for one in figures]
    rows[f"PSS of {READERS} readers, MB"] = [
        str(one["memory"]["pss_mb"]) for one in figures
    ]
    rows[f"RSS of {READERS} readers, MB"] = [
        str(one["memory"]["rss_mb"]) for one in figures
    ]
    head = ["originals", *(f"{one['originals']:,}" for one in figures)]
    lines = [head, ["---", *["---:"] * len(figures)]]
    lines += [[name, *cells] for name, cells in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of photographs"
    )
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[1000, 10_000],
        help="numbers of originals, comma-separated",
    )
    parser.add_argument(
        "--photographs", type=int, default=50, help="originals that are edited"
    )
    parser.add_argument("--out", type=Path, help="folder for the figures and the index")
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
