"""Merging and compaction."""

import numpy as np
import pytest
from pictures import draw
from registries import bytes_of, found, keep_segments

from imgmatch.errors import UnknownReferenceError
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry import Registry

SMALL = (24, 24)


# Merging


def test_merge_tiers_joins_originals_added_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("imgmatch.registry.store._COMMIT_EVERY", 4)
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(8):
            registry.add(draw(seed, size=SMALL), reference_id=f"{seed}")
        assert registry.info().segments == (4, 4)
        registry.commit()  # no original is pending, but eight were added
        assert registry.info().segments == (8,)
        registry.commit()
    with Registry.open(tmp_path / "registry") as registry:
        assert set(registry) == {f"{seed}" for seed in range(8)}
        assert list(registry.problems()) == []


def test_merge_tiers_keeps_few_segments_after_many_commits(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(70):
            registry.add(draw(seed, size=SMALL), reference_id=f"{seed}")
            registry.commit()
            assert len(registry.info().segments) <= 14
        ids = set(registry.snapshot())
    assert ids == {f"{seed}" for seed in range(70)}
    with Registry.open(tmp_path / "registry", read_only=True) as registry:
        files = list((tmp_path / "registry/segments").iterdir())
        assert len(files) == 2 * len(registry.info().segments)
        assert list(registry.problems()) == []
        for seed in range(0, 70, 9):
            kept = registry.fingerprint(f"{seed}")
            made = fingerprint(draw(seed, size=SMALL), role=Role.REFERENCE)
            assert (kept.sha256, kept.hashes) == (made.sha256, made.hashes)
            np.testing.assert_array_equal(kept.colour.pixels, made.colour.pixels)


def test_merge_tiers_drops_removed_originals(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(9):
            registry.add(draw(seed), reference_id=f"{seed}")
            registry.commit()
            if seed == 4:
                registry.remove("2")
        snapshot = registry.snapshot()
        assert registry.info().segments == (8,)
        assert registry.info().removed == 0
        for seed in (0, 4, 7, 8):
            assert found(snapshot, seed)[0] == f"{seed}"
        assert "2" not in found(snapshot, 2)
        with pytest.raises(UnknownReferenceError):
            snapshot.fingerprint("2")


def test_collect_garbage_deletes_segments_without_live_originals(folder):
    with Registry.open(folder) as registry:
        for reference_id in "012":
            registry.remove(reference_id)
        registry.commit()
        assert registry.info().segments == ()
        assert list((folder / "segments").iterdir()) == []
        registry.add(draw(0), reference_id="0")
    with Registry.open(folder, read_only=True) as registry:
        assert found(registry.snapshot(), 0) == ["0"]
        assert list(registry.problems()) == []


# Compaction


def test_compact_leaves_no_byte_of_a_removed_original(folder):
    name, secret = "catalogue/dress 17.png", "Marguerite Duras"
    with Registry.open(folder) as registry:
        registry.add(
            draw(7), reference_id=name, owner=secret, attributes={"deposit": secret}
        )
        registry.add(draw(8), reference_id="stays")
        registry.commit()
        picture = registry.snapshot().original(name).picture
        sha256 = registry.get(name).sha256
        registry.remove(name)
        registry.commit()
        traces = [picture[100:160], name.encode(), secret.encode(), sha256.encode()]
        traces += [bytes.fromhex(sha256)]
        traces += descriptors(draw(7))
        before = [trace in bytes_of(folder) for trace in traces]
        assert before[0]

        registry.compact()

        assert [trace in bytes_of(folder) for trace in traces] == [False] * len(traces)
        assert list(registry.problems()) == []
        assert found(registry.snapshot(), 1)[0] == "1"
    assert [trace in bytes_of(folder) for trace in traces] == [False] * len(traces)


def descriptors(pixels):
    """A few descriptors of an image, as bytes."""
    described = fingerprint(pixels, role=Role.REFERENCE).features.descriptors
    return [row.tobytes() for row in described[:3]]


def test_compact_changes_no_search_result(tmp_path):
    with keep_segments(), Registry.create(tmp_path / "registry") as registry:
        for seed in range(12):
            registry.add(draw(seed), reference_id=f"{seed}", series=f"{seed % 2}")
            if seed % 3 == 2:
                registry.commit()
        registry.remove("5")
        registry.add(draw(20), reference_id="6", replace=True)
        registry.commit()
        before = registry.snapshot()
        answers = [found(before, seed) for seed in (0, 6, 11, 20)]
        assert registry.info().removed == 2

        registry.compact()

        after = registry.snapshot()
        assert registry.info().segments == (11,)
        assert registry.info().removed == 0
        assert after.id == before.id
        assert set(after) == set(before)
        assert [found(after, seed) for seed in (0, 6, 11, 20)] == answers
        assert answers[0][0] == "0"
        assert answers[3][0] == "6"


def test_compact_commits_pending_originals(folder):
    with Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        registry.compact()
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry) == ["0", "1", "2", "3"]
        assert registry.info().segments == (4,)


def test_compact_frees_the_space_of_deleted_records(tmp_path):
    def size():
        return sum(p.stat().st_size for p in tmp_path.glob("r/registry.sqlite*"))

    with Registry.create(tmp_path / "r") as registry:
        for seed in range(20):
            registry.add(
                draw(seed, size=SMALL),
                reference_id=f"{seed}",
                attributes={"contract": f"{seed} " * 5000},
            )
        registry.commit()
        before = size()
        for seed in range(1, 20):
            registry.remove(f"{seed}")
        registry.compact()

        assert size() < before / 4
