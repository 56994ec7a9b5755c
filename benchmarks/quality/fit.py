"""Fit the weights of `imgmatch.pair.decision` and print them.

::

    python -m benchmarks.quality.fit --data DIR

The data are pairs of the dev split: copies by every edit, and negatives. The fit leaves
out alignments that chance explains and those that show too little in common, since the
decision accuses on neither, whatever the score. Every other alignment of a negative
pair is a negative sample. Of a copy's alignments only the best is a sample, since the
others are wrong. Cross-validation leaves out whole products. Choose a threshold above
the highest score of a negative in the cross-validation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.quality.pairs import Job, list_jobs, make_pair
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.decision import WEIGHTS, may_be_reviewed, score_terms
from imgmatch.pair.examine import examine_alignments

Array = NDArray[np.float64]

NAMES = tuple(WEIGHTS)
SIGNS = np.sign(list(WEIGHTS.values()))
"""The only sign that each weight may have."""
PENALTY = 0.5
"""Factor of the squared weights in the loss."""
FOLDS = 5
ROUNDS = 4
"""Fits, each after choosing the best alignment of every copy with the last model."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair: (N, `NAMES`) terms of its N alignments, and whether it is a copy."""

    kind: str
    group: str
    is_copy: bool
    alignments: Array


@dataclass(frozen=True, slots=True)
class Model:
    """Weights in the order of `NAMES`, and the bias."""

    weights: Array
    bias: float

    def score(self, sample: Sample) -> float:
        """Return the score of the pair's best alignment; -inf without alignments."""
        if not len(sample.alignments):
            return -np.inf
        return float((sample.alignments @ self.weights).max() + self.bias)


def measure(data: Path, job: Job) -> Sample:
    """Make a pair and compute the terms of its alignments."""
    pair = make_pair(data, job)
    reference = fingerprint(pair.reference, role=Role.REFERENCE)
    query = fingerprint(pair.suspect, role=Role.QUERY)
    rows = [
        [score_terms(examined.evidence)[name] for name in NAMES]
        for examined in examine_alignments(reference, query)
        if may_be_reviewed(examined.evidence)
    ]
    shaped = np.array(rows, np.float64).reshape(-1, len(NAMES))
    return Sample(pair.kind, pair.group, bool(pair.is_copy), shaped)


def fit(samples: Sequence[Sample]) -> Model:
    """Fit a logistic model with balanced classes; every weight keeps its sign."""
    negatives = np.vstack([s.alignments for s in samples if not s.is_copy])
    copies = [s.alignments for s in samples if s.is_copy and len(s.alignments)]
    everything = np.vstack([negatives, *copies])
    mean, spread = everything.mean(axis=0), everything.std(axis=0) + 1e-9
    chosen = [rows[np.argmax(rows @ (SIGNS / spread))] for rows in copies]
    model = Model(np.zeros(len(NAMES)), 0.0)
    for _ in range(ROUNDS):
        model = _logistic(negatives, np.array(chosen), mean, spread)
        chosen = [rows[np.argmax(rows @ model.weights)] for rows in copies]
    return model


def _logistic(negatives: Array, copies: Array, mean: Array, spread: Array) -> Model:
    rows = (np.vstack([negatives, copies]) - mean) / spread
    rows = np.column_stack([rows, np.ones(len(rows))])
    sign = np.r_[-np.ones(len(negatives)), np.ones(len(copies))]
    balance = np.where(sign < 0, 0.5 / len(negatives), 0.5 / len(copies)) * len(rows)

    def loss(w: Array) -> tuple[float, Array]:
        margin = sign * (rows @ w)
        pull = -balance * sign / (1 + np.exp(margin))
        penalty = PENALTY * np.r_[w[:-1], 0.0]
        value = balance @ np.logaddexp(0, -margin) + penalty @ w
        return float(value), rows.T @ pull + 2 * penalty

    bounds = [(0, None) if s > 0 else (None, 0) for s in SIGNS] + [(None, None)]
    start = np.zeros(len(NAMES) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[:-1] / spread
    return Model(weights, float(found[-1] - mean @ weights))


def cross_validate(samples: Sequence[Sample]) -> Array:
    """Score each pair with a model that was fitted without its product."""
    fold = np.array([sum(map(ord, s.group)) % FOLDS for s in samples])
    scores = np.empty(len(samples))
    for left_out in range(FOLDS):
        kept = [s for s, f in zip(samples, fold, strict=True) if f != left_out]
        model = fit(kept)
        for i in np.flatnonzero(fold == left_out):
            scores[i] = model.score(samples[i])
    return scores


def main(
    data: Annotated[Path, typer.Option(help="Folder with manifest.csv.")],
    originals: Annotated[int, typer.Option(help="Originals for each edit.")] = 12,
    negatives: Annotated[int, typer.Option(help="Pairs per kind of negative.")] = 60,
    seeds: Annotated[str, typer.Option(help="Comma-separated.")] = "1,2,3",
    workers: int = 2,
) -> None:
    """Fit the weights of the decision on the dev split."""
    listed = [
        job
        for seed in seeds.split(",")
        for job in list_jobs(
            data,
            seed=int(seed),
            originals_per_edit=originals,
            negatives_per_kind=negatives,
            split="dev",
            edits=None,
        )
    ]
    with Pool(workers) as pool:
        made = pool.imap(partial(measure, data), listed, chunksize=8)
        samples = [s for s in made if not s.kind.startswith("reversed")]
    scores = cross_validate(samples)
    is_copy = np.array([s.is_copy for s in samples])
    model = fit(samples)
    print(f"{is_copy.sum()} copies, {(~is_copy).sum()} negatives")
    print(f"BIAS = {model.bias:.2f}")
    for name, weight in zip(NAMES, model.weights, strict=True):
        print(f'    "{name}": {weight:.3f},')
    print("highest negatives in the cross-validation:")
    for i in np.argsort(np.where(is_copy, -np.inf, scores))[::-1][:8]:
        print(f"  {scores[i]:6.2f}  {samples[i].kind}  {samples[i].group}")
    for threshold in (1.0, 1.5, 2.0, 2.5, 3.0):
        recall = (scores[is_copy] > threshold).mean()
        false = (scores[~is_copy] > threshold).sum()
        print(f"threshold {threshold}: recall {recall:.3f}, {false} negatives above")


if __name__ == "__main__":
    typer.run(main)
