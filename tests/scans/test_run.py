import json

import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write
from PIL import Image as PILImage
from places import EXAMPLES

from imgmatch.errors import MissingExtraError, RegistryCorruptError
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Registry
from imgmatch.results import Result, ScanFailure, Verdict
from imgmatch.scans import scan
from imgmatch.sources import NamedImage

CAT = EXAMPLES / "originals/cat.jpg"


@pytest.fixture
def registry():
    with Registry.temporary() as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
        yield registry


@pytest.fixture
def listings(tmp_path):
    folder = tmp_path / "listings"
    for seed in (1, 7):
        write(folder / f"shop/{seed}.png", seed)
    write(folder / "中文.png", 2)
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no image")
    (folder / "truncated.png").write_bytes(encoded(draw(0))[:900])
    return folder


def test_scan_yields_an_outcome_for_each_suspect_in_order(
    registry, listings, monkeypatch
):
    compare_with(monkeypatch, by_bytes)

    outcomes = list(scan(listings, registry))

    assert [(outcome.query, type(outcome)) for outcome in outcomes] == [
        ("empty.jpg", ScanFailure),
        ("text.jpg", ScanFailure),
        ("truncated.png", ScanFailure),
        ("中文.png", Result),
        ("shop/1.png", Result),
        ("shop/7.png", Result),
    ]
    assert [o.verdict for o in outcomes if isinstance(o, Result)] == [
        Verdict.DERIVED,
        Verdict.DERIVED,
        Verdict.UNRELATED,
    ]
    assert {o.error_type for o in outcomes[:3]} == {"DecodeError"}
    for outcome in outcomes:
        assert json.loads(json.dumps(outcome.to_dict()))["query"] == outcome.query


def test_scan_yields_a_failure_for_a_missing_file(registry, tmp_path):
    (failure,) = scan(tmp_path / "missing.jpg", registry)

    assert failure.error_type == "DecodeError"
    assert "missing.jpg" in failure.query


def test_scan_goes_on_after_any_exception(registry, monkeypatch):
    def surprise(reference, query):
        if query.size != reference.size:
            raise ZeroDivisionError
        return by_bytes(reference, query)

    compare_with(monkeypatch, surprise)
    odd = NamedImage("odd", draw(1)[:100])
    fine = NamedImage("fine", encoded(draw(1)))

    failure, result = scan([odd, fine], registry)

    assert (failure.query, failure.error_type) == ("odd", "ZeroDivisionError")
    assert result.verdict is Verdict.DERIVED


@pytest.mark.parametrize(
    "error", [RegistryCorruptError("gone"), MissingExtraError("a", "b", "c")]
)
def test_scan_raises_errors_that_no_suspect_causes(
    registry, listings, monkeypatch, error
):
    def fail(*_):
        raise error

    compare_with(monkeypatch, fail)
    with pytest.raises(type(error)):
        list(scan(listings, registry))


def test_scan_reads_suspects_one_at_a_time(registry, monkeypatch):
    compare_with(monkeypatch, by_bytes)

    def endless():
        while True:
            yield NamedImage("again", encoded(draw(1)))

    outcomes = scan(endless(), registry)

    assert next(outcomes).verdict is next(outcomes).verdict is Verdict.DERIVED


def test_scan_uses_the_originals_it_began_with(registry, monkeypatch):
    compare_with(monkeypatch, by_bytes)
    suspects = [NamedImage(name, encoded(draw(5))) for name in "ab"]

    outcomes = scan(suspects, registry)
    first = next(outcomes)
    registry.add(encoded(draw(5)), reference_id="5")

    assert first.verdict is next(outcomes).verdict is Verdict.UNRELATED


def test_scan_with_a_higher_derived_score_asks_for_review():
    copy = NamedImage("copy", encoded(PILImage.open(CAT)))
    with Registry.temporary() as registry:
        registry.add(CAT, reference_id="cat")
        ((usual,), (strict,)) = (
            scan([copy], registry, derived_score=score)
            for score in (DERIVED_SCORE, 100.0)
        )
    assert usual.verdict is Verdict.DERIVED
    assert strict.verdict is Verdict.REVIEW
