"""Time the comparison of a suspect with an original, stage by stage.

The pairs are copies made from the photographs of a folder (see
`benchmarks.quality.dataset`), and negatives: each of these suspects with the original
of another. Most pairs of a scan are such negatives. Fingerprints are made beforehand;
bench_fingerprint times them.

    python -m benchmarks.bench_compare --data DIR [--originals 2] [--edits resize,..]

Everything runs in one thread. For each pair and stage the least processor time of the
rounds counts. The benchmark prints the median and the mean over the pairs of one
verdict: a JSON line for each stage, and a table on stderr.
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from benchmarks.quality.pairs import pairs
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.pair import compare, examine

STAGES = {
    (examine, "match"): "match descriptors",
    (examine, "align"): "align keypoints",
    (examine, "refine"): "draw and refine",
    (examine, "find_agreement"): "correlate",
    (examine, "copied_region"): "cut the region",
    (examine, "measure"): "measure the evidence",
    (compare, "redraw"): "draw in colour",
    (compare, "find_differences"): "find overlays",
    (compare, "name_edits"): "name the edits",
    (compare, "judge_direction"): "judge the direction",
}
"""The label of each stage, by the module that calls it and the function's name."""

TOTAL = "whole comparison"


@contextmanager
def timed_stages() -> Iterator[Counter[str]]:
    """Add up the processor time, in seconds, of each stage that runs meanwhile."""
    spent: Counter[str] = Counter()

    def timed(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **options)
            finally:
                spent[label] += time.process_time() - start

        return run

    unwrapped = {(module, name): getattr(module, name) for module, name in STAGES}
    try:
        for stage, function in unwrapped.items():
            setattr(*stage, timed(STAGES[stage], function))
        yield spent
    finally:
        for stage, function in unwrapped.items():
            setattr(*stage, function)


def time_stages(
    reference: Fingerprint, query: Fingerprint, repeat: int
) -> tuple[str, dict[str, float]]:
    """Return the verdict, and the least seconds of each stage."""
    least: dict[str, float] = defaultdict(lambda: float("inf"))
    for _ in range(repeat):
        with timed_stages() as spent:
            start = time.process_time()
            found = compare.examine_pair(reference, query)
            spent[TOTAL] = time.process_time() - start
        for stage, seconds in spent.items():
            least[stage] = min(least[stage], seconds)
    return str(found.comparison.verdict), dict(least)


def figures(
    work: str, runs: list[tuple[str, dict[str, float]]]
) -> Iterator[dict[str, Any]]:
    """Yield median and mean of each stage, by verdict, the most frequent first."""
    for verdict, count in Counter(verdict for verdict, _ in runs).most_common():
        times = [spent for found, spent in runs if found == verdict]
        for stage in (TOTAL, *STAGES.values()):
            taken = [spent.get(stage, 0.0) * 1e3 for spent in times]
            yield {
                "work": f"{work}: {verdict}, {count} pairs",
                "stage": stage,
                "median_ms": round(statistics.median(taken), 4),
                "mean_ms": round(statistics.mean(taken), 4),
            }


def main(data: Path, originals: int, edits: str, split: str, repeat: int) -> None:
    cv2.setNumThreads(1)
    made = [
        (
            pair.group,
            fingerprint(pair.reference, role=Role.REFERENCE),
            fingerprint(pair.suspect, role=Role.QUERY),
        )
        for pair in pairs(
            data,
            originals_per_edit=originals,
            negatives_per_kind=0,
            split=split,
            edits=edits.split(",") if edits else None,
        )
        if pair.is_copy
    ]
    copies = [time_stages(reference, query, repeat) for _, reference, query in made]
    negatives = [
        time_stages(reference, query, repeat)
        for (group, reference, _), (other, _, query) in zip(
            made, made[1:] + made[:1], strict=True
        )
        if group != other
    ]
    work = ""
    for figure in (*figures("copies", copies), *figures("negatives", negatives)):
        print(json.dumps(figure), flush=True)
        if figure["work"] != work:
            work = figure["work"]
            print(f"\n{work:36} {'median':>10} {'mean':>10}", file=sys.stderr)
        print(
            f"  {figure['stage']:34} {figure['median_ms']:7.2f} ms "
            f"{figure['mean_ms']:7.2f} ms",
            file=sys.stderr,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of photographs"
    )
    parser.add_argument(
        "--originals", type=int, default=2, help="originals for each edit"
    )
    parser.add_argument("--edits", default="", help="only these edits, comma-separated")
    parser.add_argument("--split", default="dev", help="dev, test or all")
    parser.add_argument(
        "--repeat", type=int, default=3, help="rounds; the best one counts"
    )
    main(**vars(parser.parse_args()))
