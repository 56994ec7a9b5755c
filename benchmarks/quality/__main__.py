"""``python -m benchmarks.quality --data DIR``: measure, and write the report."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.quality import report
from benchmarks.quality.dataset import Dataset
from benchmarks.quality.pairs import jobs as list_jobs
from benchmarks.quality.pairs import real as list_real
from benchmarks.quality.run import run
from benchmarks.quality.summary import summarise
from benchmarks.quality.systems import PEERS
from benchmarks.quality.volume import blocks, volume

_SYSTEMS = ("imgmatch", *PEERS)


def main(
    data: Annotated[Path, typer.Option(help="Folder with manifest.csv.")],
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path(
        "quality-report"
    ),
    quick: Annotated[bool, typer.Option(help="A few originals for each edit.")] = False,
    split: Annotated[str, typer.Option(help="dev, test or all.")] = "test",
    systems: Annotated[str, typer.Option(help="Comma-separated.")] = ",".join(_SYSTEMS),
    edits: Annotated[str, typer.Option(help="Only these edits.")] = "",
    originals: Annotated[int, typer.Option(help="Originals for each edit.")] = 0,
    negatives: Annotated[int, typer.Option(help="Pairs a kind of negative.")] = 0,
    real: Annotated[bool, typer.Option(help="Also copies made by others.")] = True,
    crosswise: Annotated[
        int, typer.Option(help="Distractors to set against all originals; 0: none.")
    ] = 0,
    designs: Annotated[int, typer.Option(help="Designs a template, crosswise.")] = 3,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    seed: int = 0,
) -> None:
    """Measure imgmatch and its peers on made suspects and real copies."""
    started = time.perf_counter()
    count = originals or (4 if quick else 20)
    dataset = Dataset.open(data, split=split)
    names = tuple(systems.split(","))
    planned = list_jobs(
        data,
        seed=seed,
        originals_per_edit=count,
        negatives_per_kind=negatives or 6 * count,
        split=split,
        edits=tuple(edits.split(",")) if edits else None,
    )
    planned += list(list_real(dataset)) if real else []
    outcomes = run(data, planned, names, workers=workers, progress=_progress)
    found = summarise(outcomes)
    found["run"] = {"split": split, "seed": seed, "originals per edit": count}
    if crosswise:
        listed = list(
            blocks(dataset, seed=seed, distractors=crosswise, designs=designs)
        )
        found["volume"] = volume(
            data, listed, names[0], workers=workers, progress=_progress
        )
    text = report.markdown(found)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(text, encoding="utf-8")
    if "volume" in found:
        found["volume"] = {k: v.to_dict() for k, v in found["volume"].items()}
    (out / "report.json").write_text(
        json.dumps(_finite(found), indent=1), encoding="utf-8"
    )
    with (out / "outcomes.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(o.to_dict()) + "\n" for o in outcomes)
    mine = [outcome for outcome in outcomes if outcome.system == names[0]]
    page = report.failures_page(data, planned, report.worst(mine))
    (out / "failures.html").write_text(page, encoding="utf-8")
    print(text)
    _say(f"{time.perf_counter() - started:.0f} s; report in {out}\n")


def _finite(value: Any) -> Any:
    """Replace what JSON cannot say, nan and infinity, by null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _progress(done: int, total: int) -> None:
    _say(f"\r{done} of {total} parts" + ("\n" if done == total else ""))


def _say(words: str) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()


if __name__ == "__main__":
    typer.run(main)
