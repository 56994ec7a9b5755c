"""Measure scans: suspects a second beside SIFT and FAISS, engines, peak memory.

The photographs are those of scikit-image or those under ``--data``. The largest eighth
is registered whole, and the next eighth is not registered. The other originals are
decoys: parts of the other photographs, rotated, mirrored and recoloured. The suspects
are JPEG files of about 1.5 megapixels. Half of them show a whole registered photograph,
cropped or under a banner; the other half show a photograph that is not registered.

The peer has the same decode gate and as many candidates. It uses OpenCV's SIFT, a FAISS
index over all descriptors of the originals with a vote for each near one, the ratio
test, and a homography by MAGSAC. It runs on the same originals in the same run.

    python -m benchmarks.bench_scan [--originals 10000] [--suspects 100] [--data DIR]

prints a JSON line for each figure. Rates of one core use processor time. Rates of
engines also use the clock, which is only valid if nothing else runs on the machine.
"""

import argparse
import io
import json
import math
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np
import psutil
import skimage.data
from numpy.typing import NDArray
from PIL import Image as PILImage

from benchmarks.sift_faiss import SiftAndFaiss, sized
from imgmatch.fingerprint import DECODE_LONG_SIDE, Role, fingerprint
from imgmatch.image import decode
from imgmatch.pair.compare import examine_pair
from imgmatch.registry import Registry, Snapshot
from imgmatch.results import Result, Verdict
from imgmatch.scans import Engine, dask, in_process, processes, scan, scan_into
from imgmatch.sources import IMAGE_SUFFIXES, NamedImage
from imgmatch.verification import MAX_CANDIDATES

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "camera", "brick", "grass")
ORIGINAL_SIDE = 1000
Pixels = NDArray[np.uint8]
Stages = Callable[[bytes], Iterator[tuple[str, Callable[[], object]]]]


def print_figure(**figure: object) -> None:
    print(json.dumps(figure), flush=True)


def photographs(data: Path | None) -> list[Pixels]:
    if data is None:
        found = [getattr(skimage.data, name)() for name in PHOTOGRAPHS]
        return [np.dstack([p] * 3) if p.ndim == 2 else p for p in found]
    paths = sorted(p for p in data.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    pictures = [decode(path, long_side=1500).pixels for path in paths]
    return [pixels for pixels in pictures if min(pixels.shape[:2]) >= 200]


class Catalogue:
    """Originals and suspects, made by their number."""

    def __init__(self, photos: list[Pixels]) -> None:
        largest = sorted(photos, key=lambda photo: -photo.size)
        share = math.ceil(len(photos) / 8)
        self._registered = largest[:share]
        self._unregistered = largest[share : 2 * share]
        self._others = largest[2 * share :]

    def original(self, number: int) -> Pixels:
        """Return a whole photograph; above their number, a decoy."""
        if number < len(self._registered):
            return sized(self._registered[number], ORIGINAL_SIDE)
        rng = np.random.default_rng(number)
        photo = self._others[rng.integers(len(self._others))]
        height, width = photo.shape[:2]
        share = rng.uniform(0.3, 0.6)
        h, w = int(height * share), int(width * share)
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        part = np.rot90(photo[y : y + h, x : x + w], rng.integers(4))
        part = np.ascontiguousarray(part[:, :: rng.choice([1, -1])])
        part = np.clip(part * rng.uniform(0.7, 1.2, 3), 0, 255).astype(np.uint8)
        return sized(part, ORIGINAL_SIDE)

    def suspect(self, number: int, originals: int, side: int) -> bytes:
        """Return a JPEG file: of an original if `number` is even."""
        shown = self._unregistered if number % 2 else self._registered[:originals]
        picture = shown[number // 2 % len(shown)]
        height, width = picture.shape[:2]
        if number % 4 < 2:
            picture = picture[: int(height * 0.8), int(width * 0.2) :]
        picture = sized(np.ascontiguousarray(picture), side)
        if number % 8 < 4:
            cv2.rectangle(picture, (0, 0), (side, side // 12), (210, 30, 40), -1)
            place, white = (side // 25, side // 16), (255, 255, 255)
            cv2.putText(picture, "SALE -50%", place, 0, side / 500, white, side // 200)
        return jpeg(picture, 90 - number // 2 % 20)  # no two the same


def jpeg(pixels: Pixels, quality: int) -> bytes:
    file = io.BytesIO()
    PILImage.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def imgmatch_stages(
    snapshot: Snapshot, data: bytes
) -> Iterator[tuple[str, Callable[[], object]]]:
    state: dict[str, Any] = {}

    def load() -> None:
        decode(data, long_side=DECODE_LONG_SIDE)

    def describe() -> None:  # decodes again: the caller subtracts the time of `load`
        state["query"] = fingerprint(data, role=Role.QUERY)

    def search() -> None:
        state["found"] = snapshot.candidates(state["query"], limit=MAX_CANDIDATES)

    def verify() -> None:
        for candidate in state["found"]:
            examine_pair(candidate.fingerprint(), state["query"], pairs=len(snapshot))

    yield from (("decode", load), ("features", describe), ("search", search))
    yield "verification", verify


def time_stages(stages: Stages, suspects: list[bytes]) -> dict[str, float]:
    """Return the median processor time of each stage, in seconds."""
    times: dict[str, list[float]] = {}
    for data in suspects:
        for name, run in stages(data):
            began = time.process_time()
            run()
            times.setdefault(name, []).append(time.process_time() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def throughput(
    registry: Path, suspects: Path, engine: Engine, scratch: Path, size: int
) -> tuple[int, float, bytes]:
    """Return the number of suspects, seconds by the clock, and the results."""
    out = scratch / f"{time.monotonic_ns()}.jsonl"
    began = time.perf_counter()
    shards = scan_into(out, suspects, registry, engine=engine, shard_size=size)
    number = sum(record.suspects for record in shards)
    return number, time.perf_counter() - began, out.read_bytes()


def processor_time(others: list[subprocess.Popen[bytes]]) -> float:
    """Return the processor seconds of this process, its children and `others`."""
    times = [os.times()[:4], *(psutil.Process(p.pid).cpu_times()[:4] for p in others)]
    return sum(map(sum, times))


def cluster(scratch: Path, workers: int) -> tuple[str, list[subprocess.Popen[bytes]]]:
    """Start a Dask scheduler and workers of one thread; return its address and all."""
    where = scratch / "scheduler.json"
    kinds = [("scheduler", ["--port", "0", "--no-dashboard"])]
    kinds += [("worker", ["--nthreads", "1", "--no-dashboard", "--no-nanny"])] * workers
    started = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", f"distributed.cli.dask_{kind}"),
                *("--scheduler-file", str(where), *options),
            ],
            stderr=subprocess.DEVNULL,
        )
        for kind, options in kinds
    ]
    while not where.exists() or not where.read_bytes().endswith(b"}"):
        time.sleep(0.05)
    return json.loads(where.read_text())["address"], started


MEMORY = """
import sys
from pathlib import Path
from imgmatch.scans import plan, processes, scan_shard

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

def scan(shard):
    scan_shard(shard)
    return peak()

if __name__ == "__main__":
    print(max(processes(2)(scan, plan(*sys.argv[1:]))), peak())
"""


def memory(registry: Path, scratch: Path, counts: list[int]) -> None:
    """Print the peak memory of scans of these numbers of suspects, in fresh processes.

    The suspects are tiny and repeat, so only what a scan keeps for each adds memory.
    """
    pictures = [jpeg(np.full((8, 8, 3), shade, np.uint8), 50) for shade in range(64)]
    main = scratch / "memory.py"
    main.write_text(MEMORY)
    for count in counts:
        archive, out = scratch / f"{count}.tar", scratch / f"memory-{count}"
        with tarfile.open(archive, "w") as file:
            for number in range(count):
                data = pictures[number % len(pictures)]
                member = tarfile.TarInfo(f"{number:08d}.jpg")
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))
        command = [sys.executable, *map(str, (main, out, archive, registry))]
        worker, parent = subprocess.check_output(command, text=True).split()
        print_figure(
            work="peak memory, 2 workers",
            suspects=count,
            parent_mib=float(parent),
            worker_mib=float(worker),
        )


def main(
    originals: int = 10_000,
    suspects: int = 100,
    data: Path | None = None,
    repeat: int = 3,
    listings: int = 600,
    most: int = 100_000,
    side: int = 1500,
) -> None:
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
    photos = photographs(data)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        path, folder = scratch / "registry", scratch / "catalogue"
        catalogue = Catalogue(photos)
        began = time.process_time()
        with Registry.create(path) as registry:
            for number in range(originals):
                registry.add(catalogue.original(number), reference_id=f"{number}")
        print_figure(
            work="register",
            originals=originals,
            photographs=len(photos),
            per_second=originals / (time.process_time() - began),
        )
        with Registry.open(path, read_only=True) as registry:
            files = [catalogue.suspect(n, originals, side) for n in range(suspects)]
            beside_sift(registry, catalogue, files, originals, repeat)
        folder.mkdir()
        for number in range(listings):
            content = catalogue.suspect(number, originals, side)
            (folder / f"{number:06d}.jpg").write_bytes(content)
        engines(path, folder, scratch, repeat, listings)
        memory(path, scratch, [most // 10, most])


def beside_sift(
    registry: Registry,
    catalogue: Catalogue,
    files: list[bytes],
    originals: int,
    repeat: int,
) -> None:
    """Print rate and stages of one core, of imgmatch and of the peer."""
    peer = SiftAndFaiss(catalogue.original(number) for number in range(originals))
    snapshot = registry.snapshot()
    outcomes = list(scan_all(files, registry))
    found = [o for o in outcomes if isinstance(o, Result)]
    assert len(found) == len(files)
    right = sum(result.verdict is Verdict.DERIVED for result in found[::2])
    wrong = sum(result.verdict is Verdict.DERIVED for result in found[1::2])
    # Never time wrong answers.
    assert right >= 0.5 * len(found[::2]), f"{right} copies found"
    print_figure(work="verdicts", copies=len(found[::2]), derived=right, false=wrong)
    for suspects, group in (("copies", files[::2]), ("unrelated", files[1::2])):
        contestants: dict[str, Stages] = {
            "imgmatch": lambda data: imgmatch_stages(snapshot, data),
            "SIFT + FAISS": peer.stages,
        }
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        stages: dict[str, dict[str, float]] = {}
        for _ in range(repeat):
            for name, contestant in contestants.items():
                stages[name] = time_stages(contestant, group)
                began = time.process_time()
                if name == "imgmatch":
                    list(scan_all(group, registry))
                else:
                    for data in group:
                        for _, run in contestant(data):
                            run()
                rates[name].append(len(group) / (time.process_time() - began))
        stages["imgmatch"]["features"] -= stages["imgmatch"]["decode"]
        ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
        for name, values in rates.items():
            print_figure(
                work="one core",
                by=name,
                suspects=suspects,
                per_second=statistics.median(values),
                **{f"{stage}_ms": 1e3 * s for stage, s in stages[name].items()},
            )
        ratio = statistics.median(ratios)
        print_figure(work="one core", suspects=suspects, times_as_fast=ratio)


def scan_all(files: list[bytes], registry: Registry) -> Iterator[object]:
    return scan((NamedImage(str(n), data) for n, data in enumerate(files)), registry)


def engines(
    registry: Path, folder: Path, scratch: Path, repeat: int, suspects: int
) -> None:
    """Print the rates of the engines; all must give the same results."""
    address, started = cluster(scratch, 2)
    size = max(1, suspects // 16)
    contestants = {
        "in process": in_process,
        "2 processes": processes(2),
        "Dask, 2 workers": dask(address),
    }
    clock: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}
    results = set()
    try:
        for _ in range(repeat):
            for name, engine in contestants.items():
                began = processor_time(started)
                number, seconds, result = throughput(
                    registry, folder, engine, scratch, size
                )
                clock[name].append(number / seconds)
                processor[name].append((processor_time(started) - began) / number)
                results.add(result)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()
    assert len(results) == 1
    for name, rates in clock.items():
        ratios = [a / b for a, b in zip(rates, clock["in process"], strict=True)]
        print_figure(
            work="engines",
            by=name,
            suspects_per_second=statistics.median(rates),
            times_in_process=statistics.median(ratios),
            processor_ms=1e3 * statistics.median(processor[name]),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--originals", type=int, default=10_000)
    parser.add_argument("--suspects", type=int, default=100)
    parser.add_argument("--data", type=Path, help="folder of photographs")
    parser.add_argument(
        "--repeat", type=int, default=3, help="rounds; the median counts"
    )
    parser.add_argument(
        "--listings", type=int, default=600, help="suspects for the engines"
    )
    parser.add_argument(
        "--most", type=int, default=100_000, help="most suspects for the memory"
    )
    parser.add_argument(
        "--side", type=int, default=1500, help="longer side of a suspect, pixels"
    )
    main(**vars(parser.parse_args()))
