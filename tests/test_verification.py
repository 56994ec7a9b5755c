from functools import partial
from types import SimpleNamespace

import pytest
from comparisons import by_bytes, compare_with, compared, unrelated
from pictures import draw, encoded, write
from places import EXAMPLES

from imgmatch.errors import DecodeError
from imgmatch.pair.compare import compare
from imgmatch.registry import Registry
from imgmatch.results import Verdict
from imgmatch.verification import verify


@pytest.fixture(scope="module")
def registry():
    with Registry.temporary() as registry:
        for seed in range(4):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
        yield registry


def test_verify_returns_matches_best_first_without_the_unrelated(registry, monkeypatch):
    found = {
        "0": compared(Verdict.SAME_SUBJECT, 90.0),
        "1": compared(Verdict.DERIVED, 20.0),
        "2": compared(Verdict.DERIVED, 30.0),
        "3": unrelated(99.0),
    }
    ids = {registry.get(name).sha256: name for name in registry}
    compare_with(monkeypatch, lambda reference, _: found[ids[reference.sha256]])
    whole = registry.snapshot()
    everything = [
        SimpleNamespace(reference_id=name, fingerprint=partial(whole.fingerprint, name))
        for name in found
    ]
    monkeypatch.setattr(
        "imgmatch.registry.Snapshot.candidates", lambda *_, **__: everything
    )

    result = verify(draw(0), registry)

    assert [match.reference_id for match in result.matches] == ["2", "1", "0"]
    assert result.verdict is Verdict.DERIVED
    assert result.score == 90.0


def test_verify_returns_no_match_for_an_unrelated_suspect(registry, monkeypatch):
    compare_with(monkeypatch, by_bytes)

    result = verify(encoded(draw(50)), registry)

    assert result.matches == ()
    assert result.verdict is Verdict.UNRELATED


def test_verify_compares_so_many_candidates_and_sorts_equals_by_id(monkeypatch):
    compare_with(monkeypatch, by_bytes)
    with Registry.temporary() as registry:
        for name in "cab":
            registry.add(encoded(draw(2)), reference_id=name)

        found = [
            [match.reference_id for match in result.matches]
            for result in (
                verify(encoded(draw(2)), registry),
                verify(encoded(draw(2)), registry, max_candidates=2),
            )
        ]

    assert found[0] == ["a", "b", "c"]
    assert len(found[1]) == 2


def test_verify_returns_the_name_and_the_digest(registry, monkeypatch, tmp_path):
    compare_with(monkeypatch, by_bytes)
    path = write(tmp_path / "2.png", 2)

    assert verify(path, registry).query == str(path)
    assert verify(path.read_bytes(), registry).query == "<bytes>"
    assert verify(draw(2), registry).query == "<array>"
    assert verify(path, registry, name="shop/2").query == "shop/2"
    assert verify(path, registry).sha256 == registry.get("2").sha256


def test_verify_states_false_accusations_for_all_originals():
    one, two = EXAMPLES / "originals/cat.jpg", EXAMPLES / "originals/citrus.jpg"
    alone = compare(one, one).expected_false_accusations
    with Registry.temporary() as registry:
        registry.add(one, reference_id="1")
        registry.add(two, reference_id="2")
        (match,) = verify(one, registry).matches

    found = match.comparison.expected_false_accusations
    assert found == pytest.approx(2 * alone)


def test_verify_accepts_a_snapshot(registry, monkeypatch):
    compare_with(monkeypatch, by_bytes)

    result = verify(encoded(draw(1)), registry.snapshot())

    assert result.matches[0].reference_id == "1"


def test_verify_refuses_an_unreadable_suspect(registry):
    with pytest.raises(DecodeError):
        verify(b"", registry)
