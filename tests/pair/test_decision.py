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
    SAME_FILE_SCORE,
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
    """Evidence between two others."""
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
def test_score_never_falls_with_stronger_evidence(change, weaker, amount):
    stronger = change(weaker, amount)
    assert score(stronger) >= score(weaker) - 1e-9
    # Nor does the verdict get weaker.
    if decide(weaker).verdict is Verdict.DERIVED:
        assert decide(stronger).verdict is Verdict.DERIVED


@pytest.mark.parametrize("change", STRONGER.values(), ids=list(STRONGER))
def test_score_rises_with_each_kind_of_evidence(change):
    # Near a copy, with few keypoints, so that no term is at its limit.
    middle = replace(
        between(COPY, REPHOTOGRAPHED, 0.04), log_nfa=-25, mismatch_radius=1.4
    )
    assert score(middle) > REVIEW_SCORE  # no rule holds it down
    assert score(change(middle, 30)) > score(middle) + 0.01


@given(evidence())
def test_score_is_finite_and_has_a_term_for_each_weight(case):
    values = score_terms(case)
    assert set(values) == set(WEIGHTS)
    assert all(math.isfinite(value) for value in values.values())
    assert math.isfinite(score(case))


def test_score_is_lowest_without_an_alignment():
    assert score(None) == -math.inf
    assert score(CHANCE) > score(None)


def test_score_puts_typical_pairs_in_order():
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
def test_decide_tells_typical_pairs_apart(case, verdict):
    assert decide(case).verdict is verdict


def test_decide_reviews_between_a_copy_and_another_photograph():
    parts = [part / 200 for part in range(201)]
    verdicts = [decide(between(COPY, REPHOTOGRAPHED, part)).verdict for part in parts]

    ranks = [verdict.rank for verdict in verdicts]
    assert ranks == sorted(ranks)
    assert list(dict.fromkeys(verdicts)) == [
        Verdict.DERIVED, Verdict.REVIEW, Verdict.SAME_SUBJECT,
    ]  # fmt: skip


@example(replace(COPY, textured=9.0, agreeing=9.0, photographic_agreeing=9.0))
@given(evidence())
def test_decide_does_not_accuse_on_a_few_windows(case):
    few = replace(
        case,
        agreeing=min(case.agreeing, 9.0),
        photographic_agreeing=min(case.photographic_agreeing, 9.0),
    )
    assert decide(few).verdict not in (Verdict.DERIVED, Verdict.REVIEW)


@given(evidence())
def test_decide_does_not_derive_without_photographic_agreement(case):
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
def test_decide_does_not_derive_shared_graphics(agreeing):
    """A page of an app, where all graphics agree and there is no photograph."""
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
def test_decide_keeps_accusing_verdicts_in_order_of_score(one, other):
    if score(one) > score(other):
        first, second = decide(one).verdict, decide(other).verdict
        if Verdict.DERIVED in (first, second) or Verdict.REVIEW in (first, second):
            assert first.rank <= second.rank


@given(evidence())
def test_decide_gives_every_verdict_a_reason(case):
    reason = decide(case).reason
    assert f"{case.agreeing:.0f} of {case.textured:.0f} windows agree" in reason
    assert "\n" not in reason
    assert not reason.endswith(".")


def test_expected_false_accusations_fall_with_the_score():
    certain, doubtful = map(expected_false_accusations, (20.0, DERIVED_SCORE))
    assert 0 < certain < doubtful < 1e-4


def test_expected_false_accusations_are_the_bound_of_the_readme():
    """The rule of three over 435,270 pairs, and a factor e for each 2.5 above."""
    bounds = [expected_false_accusations(at, pairs=435_270) for at in (-9, -0.76, 1.74)]
    assert bounds == pytest.approx([3, 3, 3 / math.e])


def test_expected_false_accusations_grow_with_the_pairs():
    one = expected_false_accusations(5.0)
    assert expected_false_accusations(5.0, pairs=5000) == pytest.approx(5000 * one)


@given(st.floats(1e-9, 10), st.integers(1, 10**12))
def test_derived_score_keeps_to_the_false_accusations(wanted, pairs):
    chosen = derived_score(wanted, pairs=pairs)
    assert chosen >= DERIVED_SCORE
    assert expected_false_accusations(chosen, pairs=pairs) <= wanted * (1 + 1e-9)
    if chosen > DERIVED_SCORE:  # not higher than it must be
        assert expected_false_accusations(chosen, pairs=pairs) > 0.99 * wanted


def test_decide_derives_the_same_file_at_any_derived_score():
    drawing = replace(COPY, photographic_agreeing=0, log_nfa=-60)
    for wanted in (DERIVED_SCORE, SAME_FILE_SCORE, 100.0):
        found = decide(drawing, same_file=True, derived_score=wanted)
        assert found.verdict is Verdict.DERIVED
        assert found.score == max(SAME_FILE_SCORE, wanted)
        assert found.reason == "it is the very file of the original"


def test_decide_derives_no_same_file_below_review():
    assert decide(REPHOTOGRAPHED, same_file=True) == decide(REPHOTOGRAPHED)
    assert decide(None, same_file=True).verdict is Verdict.UNRELATED


def test_decide_reviews_more_at_a_higher_derived_score():
    strict = score(COPY) + 1
    assert decide(COPY, derived_score=strict).verdict is Verdict.REVIEW
    with pytest.raises(InputError, match="want a score of"):
        decide(COPY, derived_score=DERIVED_SCORE - 1)


@pytest.mark.parametrize(("wanted", "pairs"), [(0.0, 10), (-1.0, 10), (0.1, 0)])
def test_derived_score_refuses_numbers_not_above_0(wanted, pairs):
    with pytest.raises(InputError, match="more than 0"):
        derived_score(wanted, pairs=pairs)


def test_decide_does_not_derive_what_chance_aligns():
    assert decide(COPY).verdict is Verdict.DERIVED
    assert decide(replace(COPY, log_nfa=-2.0)).verdict is not Verdict.DERIVED


def test_decide_reviews_another_photograph_in_place_of_a_part():
    """As when a fixed camera takes several things. A drawn sticker still derives."""
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


def test_decide_reviews_what_agrees_less_closely_than_a_copy():
    assert decide(replace(COPY, exact=330)).verdict is Verdict.DERIVED
    assert decide(replace(COPY, exact=250)).verdict is Verdict.REVIEW


def test_decide_reviews_simple_drawings():
    drawing = replace(COPY, photographic_agreeing=0, log_nfa=-60)
    assert decide(drawing).verdict is Verdict.REVIEW
    assert decide(replace(drawing, log_nfa=-120)).verdict is Verdict.DERIVED
    assert decide(replace(drawing, photographic_agreeing=3)).verdict is Verdict.DERIVED


def test_decide_reviews_a_small_part_of_both_pictures():
    assert decide(replace(COPY, query_covered=0.1)).verdict is Verdict.DERIVED
    part = replace(COPY, reference_kept=0.38, query_covered=0.1)
    assert decide(part).verdict is Verdict.REVIEW


def test_decide_counts_a_part_drawn_over_as_smaller():
    part = replace(COPY, agreeing=260, exact=258, lost=140)
    assert decide(part).verdict is Verdict.DERIVED
    part = replace(part, reference_kept=0.6, query_covered=0.1)
    assert decide(part).verdict is Verdict.REVIEW


def test_score_ignores_the_few_shades_of_a_drawn_mark():
    """The letters of a mark are soft in places, so a large mark has some shades."""
    wiped = replace(COPY, agreeing=340, exact=338, lost=40)
    assert score(replace(wiped, photographic_lost=4)) == score(wiped)
    assert score(replace(wiped, photographic_lost=12)) < score(wiped) - 1


def test_decide_counts_no_loss_of_the_ground_of_a_cut_out():
    cut = replace(COPY, textured=400, agreeing=200, exact=198, lost_to_plain=150)
    assert decide(cut).verdict is Verdict.DERIVED
    lost = replace(cut, lost_to_plain=0, lost=150, photographic_lost=90)
    assert decide(lost).verdict is not Verdict.DERIVED
    least = replace(cut, textured=700, agreeing=100, exact=98, lost_to_plain=300)
    assert decide(least).verdict is Verdict.REVIEW  # it may be a part of both


def test_decide_calls_a_graphic_on_plain_ground_a_shared_overlay():
    chart = replace(
        COPY, textured=160, agreeing=100, photographic_agreeing=8, shading=0.3
    )
    assert decide(replace(chart, lost_to_plain=60)).verdict is Verdict.SHARED_OVERLAY


def test_decide_reviews_a_tilted_match_with_conflict():
    """As when a homography carries a screen onto another photograph of it."""
    partly = replace(COPY, agreeing=345, conflicting=40)
    assert decide(replace(COPY, perspective=0.02)).verdict is Verdict.DERIVED
    assert decide(partly).verdict is Verdict.DERIVED
    assert decide(replace(partly, perspective=0.02)).verdict is Verdict.REVIEW
