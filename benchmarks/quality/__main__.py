"""``python -m benchmarks.quality --data DIR``: judge the pairs and write the report."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.quality.cross_pairs import judge_blocks, list_blocks
from benchmarks.quality.dataset import Dataset
from benchmarks.quality.pairs import list_jobs, real_jobs
from benchmarks.quality.run import run
from benchmarks.quality.summary import summarise
from benchmarks.quality.systems import PEERS
from benchmarks.quality.tables import failures_page, markdown, worst_failures

_SYSTEMS = ("imgmatch", *PEERS)


def main(
    data: Annotated[Path, typer.Option(help="Folder with manifest.csv.")],
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path(
        "quality-report"
    ),
    quick: Annotated[bool, typer.Option(help="Four originals for each edit.")] = False,
    split: Annotated[str, typer.Option(help="dev, test or all.")] = "test",
    systems: Annotated[
        str,
        typer.Option(
            help="Systems to measure, comma-separated; failures.html shows the first."
        ),
    ] = ",".join(_SYSTEMS),
    edits: Annotated[str, typer.Option(help="Only these edits, comma-separated.")] = "",
    originals: Annotated[
        int, typer.Option(help="Originals for each edit; 0: 20, quick: 4.")
    ] = 0,
    negatives: Annotated[
        int, typer.Option(help="Pairs per kind of negative; 0: 6 times the originals.")
    ] = 0,
    real: Annotated[
        bool, typer.Option(help="Also the copies of the ground truth files.")
    ] = True,
    cross_pairs: Annotated[
        int,
        typer.Option(
            help="Distractors to compare with all originals; 0: no cross pairs."
        ),
    ] = 0,
    designs: Annotated[
        int, typer.Option(help="Graphics per template in the cross pairs.")
    ] = 3,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    seed: int = 0,
) -> None:
    """Measure imgmatch and other tools on edited copies, negatives and real copies."""
    started = time.perf_counter()
    count = originals or (4 if quick else 20)
    dataset = Dataset.open(data, split=split)
    names = tuple(systems.split(","))
    jobs = list_jobs(
        data,
        seed=seed,
        originals_per_edit=count,
        negatives_per_kind=negatives or 6 * count,
        split=split,
        edits=tuple(edits.split(",")) if edits else None,
    )
    jobs += list(real_jobs(dataset)) if real else []
    outcomes = run(data, jobs, names, workers=workers, progress=_progress)
    summary = summarise(outcomes)
    summary["run"] = {"split": split, "seed": seed, "originals per edit": count}
    if cross_pairs:
        blocks = list(
            list_blocks(dataset, seed=seed, distractors=cross_pairs, designs=designs)
        )
        summary["cross_pairs"] = judge_blocks(
            data, blocks, names[0], workers=workers, progress=_progress
        )
    text = markdown(summary)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(text, encoding="utf-8")
    if cross_pairs:
        tallies = summary["cross_pairs"]
        summary["cross_pairs"] = {k: v.to_dict() for k, v in tallies.items()}
    (out / "report.json").write_text(
        json.dumps(_finite(summary), indent=1), encoding="utf-8"
    )
    with (out / "outcomes.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(o.to_dict()) + "\n" for o in outcomes)
    first = [outcome for outcome in outcomes if outcome.system == names[0]]
    page = failures_page(data, jobs, worst_failures(first))
    (out / "failures.html").write_text(page, encoding="utf-8")
    print(text)
    _print_to_stderr(f"{time.perf_counter() - started:.0f} s; report in {out}\n")


def _finite(value: Any) -> Any:
    """Replace nan and infinity, which JSON lacks, by null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    _print_to_stderr(f"\r{done} of {total} tasks{end}")


def _print_to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    typer.run(main)
