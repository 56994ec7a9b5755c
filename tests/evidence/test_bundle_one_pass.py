"""The stages of a comparison run once a pair; `build` takes their results."""

from collections import Counter

import pytest
from bundles import NOON, listing, original

from imgmatch.errors import InputError
from imgmatch.evidence import State, build, check_bundle
from imgmatch.evidence.archive import read_archive
from imgmatch.pair import compare, examine
from imgmatch.verification import examine_suspect


@pytest.fixture
def runs(monkeypatch):
    """Count the runs of each stage that every pair passes."""
    counted = Counter()

    def watch(module, name):
        run = getattr(module, name)

        def counting(*arguments, **options):
            counted[name] += 1
            return run(*arguments, **options)

        monkeypatch.setattr(module, name, counting)

    for name in ("refine", "find_agreement", "measure"):
        watch(examine, name)
    for name in ("best_alignment", "decide", "find_differences", "judge_direction"):
        watch(compare, name)
    return counted


def examined(catalogue, name, suspect):
    verification = examine_suspect(suspect, catalogue.snapshot().only([name]))
    return verification.examinations[name]


@pytest.mark.parametrize("include_original", [False, True])
def test_build_runs_no_stage_again_and_check_bundle_each_once(
    catalogue, runs, include_original
):
    suspect = listing("dandelion-chain.jpg")
    examination = examine_suspect(suspect, catalogue).examinations["dandelion.jpg"]
    assert set(runs.values()) == {1}
    runs.clear()

    bundle = build(
        suspect,
        catalogue,
        "dandelion.jpg",
        made=NOON,
        examination=examination,
        original=original("dandelion.jpg") if include_original else None,
        include_original=include_original,
    )
    assert not runs

    report = check_bundle(bundle)
    assert {one.state for one in report.checks} == {State.HOLDS}
    assert set(runs.values()) == {1}


def test_build_makes_the_same_bundle_with_and_without_an_examination(catalogue):
    suspect = listing("dandelion-chain.jpg")
    examination = examine_suspect(suspect, catalogue).examinations["dandelion.jpg"]

    given = build(
        suspect, catalogue, "dandelion.jpg", made=NOON, examination=examination
    )

    assert given == build(suspect, catalogue, "dandelion.jpg", made=NOON)
    assert read_archive(given)


def test_build_refuses_an_examination_of_something_else(catalogue):
    suspect = listing("dandelion-chain.jpg")
    of_fewer = examined(catalogue, "dandelion.jpg", suspect)
    of_it = examine_suspect(suspect, catalogue).examinations["dandelion.jpg"]
    for arguments, examination in (
        ((suspect, catalogue, "dandelion.jpg"), of_fewer),
        ((suspect, catalogue, "cat.jpg"), of_it),
        ((listing("cat-mirrored.png"), catalogue, "dandelion.jpg"), of_it),
    ):
        with pytest.raises(InputError, match="want an examination of the original"):
            build(*arguments, made=NOON, examination=examination)
    with pytest.raises(InputError, match="want no examination"):
        build(
            suspect,
            catalogue,
            "dandelion.jpg",
            made=NOON,
            examination=of_it,
            redact_suspect=[of_it.comparison.query_box],
        )
