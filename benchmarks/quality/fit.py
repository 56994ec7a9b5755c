"""Fit the weights of `imgmatch.pair.decision` and print them.

::

    python -m benchmarks.quality.fit --data DIR

The data are made pairs of the dev half: copies by every edit, and traps. Alignments
that chance explains, or that show too little in common, are left out, since no score
accuses on them. Each other alignment of a trap is a negative; of a copy's alignments
only the best counts, since the others are wrong. Cross-validation leaves out whole
products; the threshold goes above every negative's score there.
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

from benchmarks.quality.pairs import Job, jobs, make
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.decision import WEIGHTS, enough, score_terms
from imgmatch.pair.examine import examined_alignments

Array = NDArray[np.float64]

NAMES = tuple(WEIGHTS)
SIGNS = np.sign(list(WEIGHTS.values()))
PENALTY = 0.5
FOLDS = 5
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """A pair: the features of its alignments, and whether it is a copy."""

    kind: str
    group: str
    is_copy: bool
    alignments: Array


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by `NAMES`, and the bias."""

    weights: Array
    bias: float

    def score(self, sample: Sample) -> float:
        """Score a pair by its best alignment."""
        if not len(sample.alignments):
            return -np.inf
        return float((sample.alignments @ self.weights).max() + self.bias)


def measure(data: Path, job: Job) -> Sample:
    """Make a pair and look at its alignments."""
    pair = make(data, job)
    reference = fingerprint(pair.reference, role=Role.REFERENCE)
    query = fingerprint(pair.suspect, role=Role.QUERY)
    rows = [
        [score_terms(examined.evidence)[name] for name in NAMES]
        for examined in examined_alignments(reference, query)
        if enough(examined.evidence)
    ]
    shaped = np.array(rows, np.float64).reshape(-1, len(NAMES))
    return Sample(pair.kind, pair.group, bool(pair.is_copy), shaped)


def fit(samples: Sequence[Sample]) -> Model:
    """Fit a logistic model with balanced classes and signs held."""
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
    """Score each pair by a model that saw nothing of its product."""
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
    negatives: Annotated[int, typer.Option(help="Pairs a kind of trap.")] = 60,
    seeds: Annotated[str, typer.Option(help="Comma-separated.")] = "1,2,3",
    workers: int = 2,
) -> None:
    """Fit the decision's weights on the dev half."""
    listed = [
        job
        for seed in seeds.split(",")
        for job in jobs(
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
    print("highest negatives left out:")
    for i in np.argsort(np.where(is_copy, -np.inf, scores))[::-1][:8]:
        print(f"  {scores[i]:6.2f}  {samples[i].kind}  {samples[i].group}")
    for threshold in (1.0, 1.5, 2.0, 2.5, 3.0):
        recall = (scores[is_copy] > threshold).mean()
        false = (scores[~is_copy] > threshold).sum()
        print(f"threshold {threshold}: recall {recall:.3f}, {false} negatives above")


if __name__ == "__main__":
    typer.run(main)
