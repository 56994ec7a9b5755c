from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from skimage import data

from imgmatch import compare
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.decision import score
from imgmatch.pair.examine import MAX_EXAMINED, best_alignment, examine_alignments
from imgmatch.results import Verdict


def fingerprints(reference, query):
    return (
        fingerprint(reference, role=Role.REFERENCE),
        fingerprint(query, role=Role.QUERY),
    )


def best(reference, query):
    return best_alignment(*fingerprints(reference, query))


def test_examine_alignments_are_few_and_best_first():
    photograph = data.coffee()
    page = np.full((800, 1200, 3), 240, np.uint8)
    for row in (0, 400):
        for column in (0, 600):
            page[row : row + 400, column : column + 600] = photograph

    examined = list(examine_alignments(*fingerprints(photograph, page)))

    assert 1 <= len(examined) <= MAX_EXAMINED
    log_nfa = [found.evidence.log_nfa for found in examined]
    assert log_nfa == sorted(log_nfa)
    found = compare(photograph, page)
    assert found.score >= score(examined[0].evidence)
    assert found.verdict is Verdict.DERIVED
    assert found.query_covered == pytest.approx(0.25, abs=0.02)


def test_best_alignment_finds_no_conflict_on_the_ground_of_a_cut_out():
    product, scene = data.coffee(), cv2.resize(data.hubble_deep_field(), (600, 400))
    y, x = np.mgrid[:400, :600]
    from_edge = (np.hypot(y - 200, x - 300) - 150)[..., None]
    on_white = np.where(from_edge < 0, product, 255).astype(np.uint8)
    in_scene = np.where(from_edge < 0, product, scene)

    found = best(on_white, in_scene).agreement

    height, width = found.conflicts.shape
    ground = cv2.resize(from_edge, (width, height)) > 6
    assert found.textured[ground].mean() > 0.5
    assert found.conflicts[ground].mean() < 0.005


@pytest.mark.parametrize(
    ("scores", "taken", "looked_at"),
    [((-2.0, -0.4), 0, 2), ((-2.0, 1.0, 3.0), 2, 3), ((1.0, 6.0, 9.0), 1, 2)],
)
def test_best_alignment_takes_the_highest_score_or_else_the_first(
    monkeypatch, scores, taken, looked_at
):
    found = [SimpleNamespace(evidence=value) for value in scores]
    remaining = iter(found)
    monkeypatch.setattr("imgmatch.pair.examine.score", lambda value: value)
    monkeypatch.setattr(
        "imgmatch.pair.examine.examine_alignments", lambda *_: remaining
    )

    assert best_alignment(None, None) is found[taken]
    assert len(list(remaining)) == len(found) - looked_at


def test_examine_alignments_are_upright_without_mirrored_features():
    photograph = data.coffee()
    reference = fingerprint(photograph, role=Role.REFERENCE)
    assert reference.mirrored is None
    found = list(examine_alignments(reference, reference))
    assert found
    assert not any(examined.mirrored for examined in found)
