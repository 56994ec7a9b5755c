"""Export, merging, compaction, and the index made anew."""

import shutil
import sqlite3

import numpy as np
import pytest
from pictures import draw
from registries import bytes_of, found, keep_segments

from imgmatch.errors import (
    RegistryCorruptError,
    RegistryError,
    RegistryVersionError,
    UnknownReferenceError,
)
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry import IndexRebuild, Registry
from imgmatch.registry.export import export
from imgmatch.registry.snapshot import Snapshot

SMALL = (24, 24)


# Export


@pytest.fixture
def impatient(monkeypatch):
    """Let compaction not wait for a reader."""
    monkeypatch.setattr("imgmatch.registry.database._PATIENCE", 1)
    monkeypatch.setattr("imgmatch.registry.database._PAGE", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("pictures", [False, True])
def test_what_is_written_during_an_export_does_not_show(folder, pictures):
    before = list(export(folder, pictures=pictures))
    now = export(folder, pictures=pictures)
    exported = [next(now)]
    with Registry.open(folder) as writer:
        writer.remove("1")
        writer.add(draw(7), reference_id="2", replace=True)
        writer.add(draw(8), reference_id="3")
        writer.compact()

    assert [*exported, *now] == before
    assert [one.picture is not None for one in before] == [pictures] * 3
    after = [one.record.reference_id for one in export(folder)]
    assert after == ["0", "2", "3"]


@pytest.mark.usefixtures("impatient")
def test_an_export_begins_again_where_its_files_go_as_it_begins(folder, monkeypatch):
    opened = Snapshot.open

    def late(*arguments):
        monkeypatch.setattr(Snapshot, "open", opened)
        with Registry.open(folder) as writer:
            writer.remove("1")
            writer.compact()
        return opened(*arguments)

    monkeypatch.setattr(Snapshot, "open", late)

    found = list(export(folder, pictures=True))

    assert [one.record.reference_id for one in found] == ["0", "2"]


def test_records_can_be_exported_where_the_pictures_are_lost(folder):
    shutil.rmtree(folder / "segments")

    assert len(list(export(folder))) == 3
    with pytest.raises(RegistryError):
        list(export(folder, pictures=True))


# Merging


def test_what_is_added_at_once_ends_up_in_one_segment(tmp_path, monkeypatch):
    monkeypatch.setattr("imgmatch.registry.store._COMMIT_EVERY", 4)
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(8):
            registry.add(draw(seed, size=SMALL), reference_id=f"{seed}")
        assert registry.info().segments == (4, 4)
        registry.commit()  # nothing is pending, but much was added
        assert registry.info().segments == (8,)
        registry.commit()
    with Registry.open(tmp_path / "registry") as registry:
        assert set(registry) == {f"{seed}" for seed in range(8)}
        assert list(registry.problems()) == []


def test_many_commits_leave_few_segments(tmp_path):
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


def test_merged_originals_are_found_and_removed_ones_are_not(tmp_path):
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


def test_a_segment_of_removed_originals_only_goes(folder):
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


def test_nothing_of_a_removed_original_is_left_after_compaction(folder):
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
    """A few descriptors of a picture, as bytes."""
    described = fingerprint(pixels, role=Role.REFERENCE).features.descriptors
    return [row.tobytes() for row in described[:3]]


def test_compaction_changes_no_answer(tmp_path):
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


def test_compaction_commits_what_was_pending(folder):
    with Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        registry.compact()
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry) == ["0", "1", "2", "3"]
        assert registry.info().segments == (4,)


def test_compaction_gives_the_room_of_records_back(tmp_path):
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


# The index made anew


def test_a_damaged_index_is_made_anew(folder):
    with Registry.open(folder) as registry:
        registry.remove("0")
        registry.commit()
        before = found(registry.snapshot(), 1)
        names = {path.name for path in (folder / "segments").iterdir()}
        (entry,) = registry._database.segment_list().entries
        index = entry.index
    path = folder / "segments" / index
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with (
        Registry.open(folder, read_only=True) as registry,
        pytest.raises(RegistryCorruptError, match=index),
    ):
        registry.snapshot()

    with IndexRebuild(folder) as rebuild:
        assert len(rebuild) == 3  # with the one that was removed
        assert list(rebuild.run()) == ["0", "1", "2"]

    assert path.read_bytes() == content
    with Registry.open(folder, read_only=True) as registry:
        assert found(registry.snapshot(), 1) == before
        assert {path.name for path in (folder / "segments").iterdir()} == names
        assert list(registry.problems()) == []


def test_an_index_of_another_version_is_made_anew(folder):
    connection = sqlite3.connect(folder / "registry.sqlite")
    connection.execute("""UPDATE parameter SET value = '"old"' WHERE name = 'index'""")
    connection.execute("""INSERT INTO parameter VALUES ('no longer used', '1')""")
    connection.commit()
    connection.close()
    with pytest.raises(RegistryVersionError, match="rebuild-index"):
        Registry.open(folder)
    with IndexRebuild(folder) as rebuild:
        assert len(list(rebuild.run(workers=2))) == len(rebuild) == 3
    with Registry.open(folder, read_only=True) as registry:
        assert found(registry.snapshot(), 2)[0] == "2"


def test_a_rebuild_left_off_changes_nothing(folder):
    before = bytes_of(folder / "segments")
    with IndexRebuild(folder) as rebuild:
        next(rebuild.run())
    assert bytes_of(folder / "segments") == before


def test_other_fixed_parameters_cannot_be_rebuilt(folder):
    connection = sqlite3.connect(folder / "registry.sqlite")
    connection.execute("UPDATE parameter SET value = '1' WHERE name = 'decode'")
    connection.commit()
    connection.close()
    with pytest.raises(RegistryVersionError, match="decode = 1"):
        IndexRebuild(folder)
