import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgmatch.errors import InputError
from imgmatch.pair.decision import (
    CERTAIN_SCORE,
    DERIVED_SCORE,
    REVIEW_SCORE,
    WEIGHTS,
    decide,
    derived_score,
    expected_false_accusations,
    score,
    score_terms,
)
from imgmatch.pair.measure import Evidence
from imgmatch.results import Verdict

COPY = Evidence(
    log_nfa=-200,
    textured=400,
    agreeing=395,
    exact=390,
    conflicting=0,
    clear_conflicts=0,
    lost=0,
    lost_to_plain=0,
    photographic_agreeing=250,
    photographic_conflicting=0,
    photographic_lost=0,
    shading=0.55,
    mismatch_radius=0.0,
    reference_kept=1.0,
    query_covered=1.0,
    perspective=0.0,
)
REPHOTOGRAPHED = replace(
    COPY,
    log_nfa=-60,
    agreeing=50,
    exact=20,
    conflicting=250,
    clear_conflicts=200,
    lost=60,
    photographic_agreeing=25,
    photographic_conflicting=100,
    photographic_lost=25,
    mismatch_radius=3.0,
    perspective=0.05,
)
SAME_BANNER = replace(
    COPY,
    log_nfa=-80,
    agreeing=70,
    exact=60,
    conflicting=200,
    clear_conflicts=160,
    lost=60,
    photographic_agreeing=1,
    shading=0.3,
    photographic_conflicting=80,
    photographic_lost=25,
    mismatch_radius=4.0,
)
CHANCE = replace(
    COPY,
    log_nfa=-0.5,
    agreeing=2,
    exact=1,
    conflicting=200,
    clear_conflicts=160,
    lost=60,
    photographic_agreeing=1,
    shading=0.3,
    photographic_conflicting=80,
    photographic_lost=25,
    mismatch_radius=4.0,
)


@st.composite
def evidence(draw):
    """Counts that can go together: parts are no larger than their wholes."""
    agreeing = draw(st.floats(0, 500))
    conflicting = draw(st.floats(0, 500))
    clear = conflicting * draw(st.floats(0, 1))
    lost = draw(st.floats(0, 300))
    plain = draw(st.floats(0, 300))
    return Evidence(
        log_nfa=draw(st.floats(-400, 5)),
        textured=agreeing + conflicting + lost + plain + draw(st.floats(0, 300)),
        agreeing=agreeing,
        exact=agreeing * draw(st.floats(0, 1)),
        conflicting=conflicting,
        clear_conflicts=clear,
        lost=lost,
        lost_to_plain=plain,
        photographic_agreeing=agreeing * draw(st.floats(0, 1)),
        photographic_conflicting=clear * draw(st.floats(0, 1)),
        photographic_lost=lost * draw(st.floats(0, 1)),
        shading=draw(st.floats(0, 1)),
        mismatch_radius=draw(st.floats(0, 8)),
        reference_kept=draw(st.floats(0, 1)),
        query_covered=draw(st.floats(0, 1)),
        perspective=draw(st.floats(0, 0.5)),
    )


def between(first, second, part):
    """Evidence on the way from one to another."""
    return Evidence(
        **{
            name: (1 - part) * getattr(first, name) + part * getattr(second, name)
            for name in Evidence.__slots__
        }
    )


# The score


STRONGER = {
    "more photographic windows agree": lambda e, d: replace(
        e,
        textured=e.textured + d,
        agreeing=e.agreeing + d,
        exact=e.exact + d,
        photographic_agreeing=e.photographic_agreeing + d,
    ),
    "less of the photograph is lost": lambda e, d: replace(
        e, photographic_lost=max(e.photographic_lost - d, 0)
    ),
    "fewer windows conflict clearly": lambda e, d: replace(
        e, clear_conflicts=max(e.clear_conflicts - d, 0)
    ),
    "mismatches are smaller": lambda e, d: replace(
        e, mismatch_radius=max(e.mismatch_radius - d / 10, 0)
    ),
    "fewer photographic ones conflict": lambda e, d: replace(
        e, photographic_conflicting=max(e.photographic_conflicting - d, 0)
    ),
    "fewer windows disagree": lambda e, d: replace(
        e,
        textured=max(
            e.textured - d, e.agreeing + e.conflicting + e.lost + e.lost_to_plain
        ),
    ),
    "geometry is less accidental": lambda e, d: replace(e, log_nfa=e.log_nfa - d),
    "less tilted": lambda e, d: replace(
        e, perspective=max(e.perspective - d / 1000, 0)
    ),
}


@pytest.mark.parametrize("change", STRONGER.values(), ids=list(STRONGER))
@given(evidence(), st.floats(0, 100))
def test_stronger_evidence_never_scores_lower(change, weaker, amount):
    stronger = change(weaker, amount)
    assert score(stronger) >= score(weaker) - 1e-9
    # Nor does an accusation turn milder.
    if decide(weaker).verdict is Verdict.DERIVED:
        assert decide(stronger).verdict is Verdict.DERIVED


@pytest.mark.parametrize("change", STRONGER.values(), ids=list(STRONGER))
def test_each_kind_of_evidence_counts(change):
    # Near a copy, where no figure is at its limit yet: so few keypoints, too.
    middle = replace(
        between(COPY, REPHOTOGRAPHED, 0.04), log_nfa=-25, mismatch_radius=1.4
    )
    assert score(middle) > REVIEW_SCORE  # and no rule holds it back
    assert score(change(middle, 30)) > score(middle) + 0.01


@given(evidence())
def test_the_score_is_finite_and_that_of_its_figures(case):
    values = score_terms(case)
    assert set(values) == set(WEIGHTS)
    assert all(math.isfinite(value) for value in values.values())
    assert math.isfinite(score(case))


def test_no_alignment_scores_lowest():
    assert score(None) == -math.inf
    assert score(CHANCE) > score(None)


def test_typical_pairs_are_in_order():
    scores = [score(case) for case in (COPY, REPHOTOGRAPHED, CHANCE)]
    assert scores == sorted(scores, reverse=True)
    assert score(COPY) >= CERTAIN_SCORE > DERIVED_SCORE > REVIEW_SCORE
    assert max(map(score, (REPHOTOGRAPHED, SAME_BANNER, CHANCE))) < REVIEW_SCORE


# The verdict


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        (COPY, Verdict.DERIVED),
        (REPHOTOGRAPHED, Verdict.SAME_SUBJECT),
        (SAME_BANNER, Verdict.SHARED_OVERLAY),
        (replace(SAME_BANNER, photographic_agreeing=20), Verdict.SHARED_OVERLAY),
        (CHANCE, Verdict.UNRELATED),
        (None, Verdict.UNRELATED),
        (replace(REPHOTOGRAPHED, agreeing=5, exact=4), Verdict.UNRELATED),
        (replace(REPHOTOGRAPHED, log_nfa=-3.5), Verdict.UNRELATED),
    ],
)
def test_typical_pairs_are_told_apart(case, verdict):
    assert decide(case).verdict is verdict


def test_between_a_copy_and_another_photograph_lies_a_case_for_people():
    parts = [part / 200 for part in range(201)]
    verdicts = [decide(between(COPY, REPHOTOGRAPHED, part)).verdict for part in parts]

    ranks = [verdict.rank for verdict in verdicts]
    assert ranks == sorted(ranks)
    assert list(dict.fromkeys(verdicts)) == [
        Verdict.DERIVED, Verdict.REVIEW, Verdict.SAME_SUBJECT,
    ]  # fmt: skip


@example(replace(COPY, textured=9.0, agreeing=9.0, photographic_agreeing=9.0))
@given(evidence())
def test_a_few_windows_accuse_nobody(case):
    few = replace(
        case,
        agreeing=min(case.agreeing, 9.0),
        photographic_agreeing=min(case.photographic_agreeing, 9.0),
    )
    assert decide(few).verdict not in (Verdict.DERIVED, Verdict.REVIEW)


@given(evidence())
def test_what_nothing_photographic_shares_is_no_accusation(case):
    """A watermark, banner or template agrees; the photographs conflict."""
    drawn = replace(
        case,
        textured=case.textured + 100,
        conflicting=case.conflicting + 100,
        clear_conflicts=case.clear_conflicts + 100,
        photographic_agreeing=0.0,
        shading=0.3,
        photographic_conflicting=case.photographic_conflicting + 60,
    )
    assert decide(drawn).verdict is not Verdict.DERIVED


@pytest.mark.parametrize("agreeing", [20, 100, 200])
def test_graphics_in_common_are_no_accusation(agreeing):
    """An app's page, where all that is drawn agrees and no photograph is."""
    page = replace(
        COPY,
        textured=300,
        agreeing=agreeing,
        exact=agreeing,
        photographic_agreeing=0.05 * agreeing,
        shading=0.3,
    )
    assert decide(page).verdict is Verdict.REVIEW  # nothing else is known to differ
    other = replace(page, lost=60)
    assert decide(other).verdict is Verdict.SHARED_OVERLAY


@given(evidence(), evidence())
def test_verdicts_of_accusation_are_in_the_order_of_the_scores(one, other):
    if score(one) > score(other):
        first, second = decide(one).verdict, decide(other).verdict
        if Verdict.DERIVED in (first, second) or Verdict.REVIEW in (first, second):
            assert first.rank <= second.rank


@given(evidence())
def test_every_verdict_comes_with_a_sentence(case):
    reason = decide(case).reason
    assert f"{case.agreeing:.0f} of {case.textured:.0f} windows agree" in reason
    assert "\n" not in reason
    assert not reason.endswith(".")


def test_a_higher_score_expects_fewer_false_accusations():
    certain, doubtful = map(expected_false_accusations, (20.0, DERIVED_SCORE))
    assert 0 < certain < doubtful < 1e-4


def test_the_bound_is_the_one_that_the_readme_derives():
    """The rule of three over 435,270 pairs, and a factor e for each 2.5 above."""
    bounds = [expected_false_accusations(at, pairs=435_270) for at in (-9, -0.76, 1.74)]
    assert bounds == pytest.approx([3, 3, 3 / math.e])


def test_false_accusations_grow_with_the_pairs_compared():
    one = expected_false_accusations(5.0)
    assert expected_false_accusations(5.0, pairs=5000) == pytest.approx(5000 * one)


@given(st.floats(1e-9, 10), st.integers(1, 10**12))
def test_the_score_for_a_number_of_false_accusations_keeps_to_it(wanted, pairs):
    chosen = derived_score(wanted, pairs=pairs)
    assert chosen >= DERIVED_SCORE
    assert expected_false_accusations(chosen, pairs=pairs) <= wanted * (1 + 1e-9)
    if chosen > DERIVED_SCORE:  # and asks for no more than that
        assert expected_false_accusations(chosen, pairs=pairs) > 0.99 * wanted


def test_a_stricter_caller_leaves_more_to_people():
    strict = score(COPY) + 1
    assert decide(COPY, derived_score=strict).verdict is Verdict.REVIEW
    with pytest.raises(InputError, match="want a score of"):
        decide(COPY, derived_score=DERIVED_SCORE - 1)


@pytest.mark.parametrize(("wanted", "pairs"), [(0.0, 10), (-1.0, 10), (0.1, 0)])
def test_no_score_promises_no_false_accusation(wanted, pairs):
    with pytest.raises(InputError, match="more than 0"):
        derived_score(wanted, pairs=pairs)


def test_what_chance_aligns_never_accuses():
    assert decide(COPY).verdict is Verdict.DERIVED
    assert decide(replace(COPY, log_nfa=-2.0)).verdict is not Verdict.DERIVED


def test_another_photograph_in_the_place_of_a_part_is_for_a_human():
    """As when a fixed camera takes one thing after another; stickers are drawn."""
    covered = replace(
        COPY,
        agreeing=340,
        exact=336,
        conflicting=50,
        clear_conflicts=30,
        mismatch_radius=2.2,
    )
    assert decide(covered).verdict is Verdict.DERIVED
    assert (
        decide(replace(covered, photographic_conflicting=9)).verdict is Verdict.REVIEW
    )
    most = replace(
        COPY, clear_conflicts=9, photographic_conflicting=9
    )  # all else agrees
    assert decide(most).verdict is Verdict.REVIEW


def test_what_agrees_less_closely_than_a_copy_is_for_a_human():
    assert decide(replace(COPY, exact=330)).verdict is Verdict.DERIVED
    assert decide(replace(COPY, exact=250)).verdict is Verdict.REVIEW


def test_simple_drawings_are_for_a_human():
    drawing = replace(COPY, photographic_agreeing=0, log_nfa=-60)
    assert decide(drawing).verdict is Verdict.REVIEW
    assert decide(replace(drawing, log_nfa=-120)).verdict is Verdict.DERIVED
    assert decide(replace(drawing, photographic_agreeing=3)).verdict is Verdict.DERIVED


def test_a_small_part_of_both_pictures_is_for_a_human():
    assert decide(replace(COPY, query_covered=0.1)).verdict is Verdict.DERIVED
    part = replace(COPY, reference_kept=0.38, query_covered=0.1)
    assert decide(part).verdict is Verdict.REVIEW


def test_a_part_that_was_drawn_over_is_the_smaller_for_it():
    part = replace(COPY, agreeing=260, exact=258, lost=140)
    assert decide(part).verdict is Verdict.DERIVED
    part = replace(part, reference_kept=0.6, query_covered=0.1)
    assert decide(part).verdict is Verdict.REVIEW


def test_what_a_drawn_mark_has_of_shades_is_no_photograph():
    """Its letters are soft here and there, so a large one has some of both."""
    wiped = replace(COPY, agreeing=340, exact=338, lost=40)
    assert score(replace(wiped, photographic_lost=4)) == score(wiped)
    assert score(replace(wiped, photographic_lost=12)) < score(wiped) - 1


def test_the_ground_that_a_product_was_cut_out_of_is_not_lost():
    cut = replace(COPY, textured=400, agreeing=200, exact=198, lost_to_plain=150)
    assert decide(cut).verdict is Verdict.DERIVED
    lost = replace(cut, lost_to_plain=0, lost=150, photographic_lost=90)
    assert decide(lost).verdict is not Verdict.DERIVED
    least = replace(cut, textured=700, agreeing=100, exact=98, lost_to_plain=300)
    assert decide(least).verdict is Verdict.REVIEW  # it may be a part of both


def test_a_graphic_alone_on_plain_ground_is_a_shared_one():
    chart = replace(
        COPY, textured=160, agreeing=100, photographic_agreeing=8, shading=0.3
    )
    assert decide(replace(chart, lost_to_plain=60)).verdict is Verdict.SHARED_OVERLAY


def test_a_tilted_match_with_conflict_is_for_a_human():
    """As when one screen or label is carried onto another photograph of it."""
    partly = replace(COPY, agreeing=345, conflicting=40)
    assert decide(replace(COPY, perspective=0.02)).verdict is Verdict.DERIVED
    assert decide(partly).verdict is Verdict.DERIVED
    assert decide(replace(partly, perspective=0.02)).verdict is Verdict.REVIEW
