import json
import pickle
import threading
from contextlib import suppress

import numpy as np
import pytest
from pictures import draw, write
from registries import found

from imgmatch.errors import (
    DecodeError,
    DuplicateReferenceError,
    InputError,
    RegistryError,
    UnknownReferenceError,
)
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry import Registry
from imgmatch.types import Size


def assert_equal(one, other):
    """Check that two fingerprints are equal bit by bit."""
    assert (one.sha256, one.size, one.hashes) == (
        other.sha256,
        other.size,
        other.hashes,
    )
    np.testing.assert_array_equal(one.colour.pixels, other.colour.pixels)
    for name in ("xy", "scale", "angle", "descriptors"):
        np.testing.assert_array_equal(
            getattr(one.features, name), getattr(other.features, name)
        )


def test_add_keeps_originals_after_reopening(tmp_path):
    path = write(tmp_path / "dress/01.png", 0)
    with Registry.create(tmp_path / "registry") as registry:
        added = registry.add(
            path,
            reference_id="dress/01",
            owner="Studio",
            work="Spring",
            series="dress",
            attributes={"deposit": [1, "ä"]},
        )

    with Registry.open(tmp_path / "registry") as registry:
        assert len(registry) == 1
        assert list(registry) == ["dress/01"]
        assert "dress/01" in registry
        assert "dress/02" not in registry
        assert 1 not in registry
        record = registry.get("dress/01")
        assert record == added
        assert record.source == "01.png"
        assert record.size == Size(200, 150)
        assert record.attributes == {"deposit": [1, "ä"]}
        json.dumps(record.to_dict())
        assert_equal(
            registry.fingerprint("dress/01"), fingerprint(path, role=Role.REFERENCE)
        )


@pytest.mark.parametrize("source", ["path", "bytes", "array"])
def test_add_accepts_the_same_source_again(tmp_path, source):
    path = write(tmp_path / "1.png", 1)
    image = {"path": path, "bytes": path.read_bytes(), "array": draw(1)}[source]
    with Registry.create(tmp_path / "registry") as registry:
        first = registry.add(image, reference_id="1", owner="Studio")

        assert registry.add(image, reference_id="1") == first
        assert registry.add(image, reference_id="1", owner="Studio") == first
        assert len(registry) == 1


def test_add_keeps_flat_images_without_features(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        registry.add(np.full((20, 20, 3), 7, np.uint8), reference_id="flat")
    with Registry.open(tmp_path / "registry", read_only=True) as registry:
        assert len(registry.fingerprint("flat").features) == 0


def test_add_refuses_a_used_id_unless_replace(folder):
    with Registry.open(folder) as registry:
        with pytest.raises(DuplicateReferenceError, match="other bytes"):
            registry.add(draw(7), reference_id="1")
        with pytest.raises(DuplicateReferenceError, match="owner 'Studio'"):
            registry.add(draw(1), reference_id="1", owner="Somebody else")

        registry.add(draw(7), reference_id="1", owner="Somebody else", replace=True)

        assert registry.get("1").owner == "Somebody else"
        assert_equal(
            registry.fingerprint("1"), fingerprint(draw(7), role=Role.REFERENCE)
        )
        assert len(registry) == 3


def test_remove_deletes_an_original(folder):
    with Registry.open(folder) as registry:
        registry.remove("1")
        assert list(registry) == ["0", "2"]
        with pytest.raises(UnknownReferenceError, match="'1'"):
            registry.remove("1")
    with Registry.open(folder) as registry:
        assert list(registry) == ["0", "2"]
        with pytest.raises(UnknownReferenceError):
            registry.get("1")
        with pytest.raises(UnknownReferenceError):
            registry.fingerprint("1")
        registry.add(draw(1), reference_id="1")
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry) == ["0", "1", "2"]
        assert list(registry.problems()) == []


def test_add_refuses_broken_images_and_details(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        with pytest.raises(DecodeError):
            registry.add(b"no image", reference_id="1")
        with pytest.raises(InputError, match="empty"):
            registry.add(draw(0), reference_id="")
        with pytest.raises(InputError, match="JSON"):
            registry.add(draw(0), reference_id="1", attributes={"when": object()})
        assert len(registry) == 0


def test_registry_discards_uncommitted_changes_on_exception(folder):
    with suppress(ZeroDivisionError), Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        registry.commit()
        registry.add(draw(4), reference_id="4")
        registry.remove("0")
        raise ZeroDivisionError

    with Registry.open(folder) as registry:
        assert list(registry) == ["0", "1", "2", "3"]


def test_rollback_discards_uncommitted_changes(folder):
    with Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        assert len(registry.snapshot()) == 4
        registry.rollback()
        assert len(registry) == len(registry.snapshot()) == 3


def test_snapshot_shows_uncommitted_changes_only_to_the_writer(folder):
    with (
        Registry.open(folder) as writer,
        Registry.open(folder, read_only=True) as reader,
    ):
        before = reader.snapshot()
        writer.add(draw(3), reference_id="3")
        assert len(writer) == len(writer.snapshot()) == 4
        assert_equal(writer.fingerprint("3"), fingerprint(draw(3), role=Role.REFERENCE))
        assert len(reader) == len(reader.snapshot()) == 3
        assert reader.snapshot() is before

        writer.commit()

        assert len(reader) == len(reader.snapshot()) == 4
        assert len(before) == 3
        assert_equal(reader.fingerprint("3"), writer.fingerprint("3"))


def test_snapshot_keeps_removed_originals(folder):
    with (
        Registry.open(folder) as writer,
        Registry.open(folder, read_only=True) as reader,
    ):
        snapshot = reader.snapshot()
        writer.remove("1")
        writer.commit()

        assert_equal(
            snapshot.fingerprint("1"), fingerprint(draw(1), role=Role.REFERENCE)
        )


def test_snapshot_only_keeps_the_given_originals(folder, tmp_path):
    with Registry.open(folder) as registry:  # a second segment
        registry.add(draw(3), reference_id="3")
        registry.add(draw(3), reference_id="again")
    with Registry.open(folder, read_only=True) as registry:
        whole = registry.snapshot()
    assert set(found(whole, 3)) >= {"3", "again"}

    some = whole.only(["again", "1", "1"])

    assert len(some) == 2
    assert list(some) == ["1", "again"]
    assert found(some, 3)[0] == "again"
    assert_equal(some.fingerprint("1"), whole.fingerprint("1"))
    with Registry.create(tmp_path / "other") as registry:
        registry.add(draw(1), reference_id="1")
        registry.add(draw(3), reference_id="again")
        assert some.id == registry.snapshot().id
    sent = pickle.loads(pickle.dumps(some))
    assert (sent.id, list(sent)) == (some.id, list(some))
    for call in (some.fingerprint, lambda gone: whole.only([gone, "4"])):
        with pytest.raises(UnknownReferenceError):
            call("3")
    assert list(whole.only([])) == []
    assert found(whole.only([]), 3) == []


def test_add_commits_long_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("imgmatch.registry.store._COMMIT_EVERY", 2)
    with suppress(ZeroDivisionError), Registry.create(tmp_path / "r") as registry:
        for seed in range(5):
            registry.add(draw(seed), reference_id=f"{seed}")
        raise ZeroDivisionError

    with Registry.open(tmp_path / "r", read_only=True) as registry:
        assert list(registry) == ["0", "1", "2", "3"]
        assert_equal(
            registry.fingerprint("3"), fingerprint(draw(3), role=Role.REFERENCE)
        )


def test_registry_can_be_shared_by_threads(folder):
    with Registry.open(folder, read_only=True) as registry:
        found = []

        def read():
            found.extend(registry.fingerprint(i).sha256 for i in registry)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 12
    assert len(set(found)) == 3


# Opening


def test_create_refuses_directories_that_are_not_empty(folder, tmp_path):
    with pytest.raises(RegistryError, match="already holds"):
        Registry.create(folder)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/1.jpg").touch()
    with pytest.raises(RegistryError, match=r"1\.jpg"):
        Registry.create(tmp_path / "photos")
    with pytest.raises(RegistryError):
        Registry.create(tmp_path / "photos/1.jpg")
    with Registry.open(folder) as registry:
        assert len(registry) == 3


def test_create_finishes_what_a_killed_process_began(tmp_path):
    (tmp_path / "segments").mkdir()
    (tmp_path / "writer.lock").touch()
    (tmp_path / "registry.sqlite").touch()
    with Registry.create(tmp_path) as registry:
        registry.add(draw(0), reference_id="0")
    with Registry.open(tmp_path) as registry:
        assert len(registry) == 1


def test_open_refuses_a_directory_without_a_registry(tmp_path):
    with pytest.raises(RegistryError, match="no registry"):
        Registry.open(tmp_path)


def test_open_read_only_refuses_changes(folder):
    with Registry.open(folder, read_only=True) as registry:
        with pytest.raises(RegistryError, match="reading only"):
            registry.add(draw(3), reference_id="3")
        with pytest.raises(RegistryError, match="reading only"):
            registry.remove("1")


def test_open_reads_from_a_read_only_medium(folder, monkeypatch):
    monkeypatch.setattr(
        "imgmatch.registry.database._on_read_only_medium", lambda _: True
    )
    before = sorted(folder.iterdir())
    with Registry.open(folder, read_only=True) as registry:
        assert len(registry.snapshot()) == 3
        assert sorted(folder.iterdir()) == before  # no -shm, no -wal


def test_close_makes_later_calls_fail(folder):
    registry = Registry.open(folder)
    registry.close()
    registry.close()
    with pytest.raises(RegistryError, match="closed"):
        len(registry)


def test_temporary_deletes_the_registry_on_close():
    with Registry.temporary() as registry:
        registry.add(draw(0), reference_id="0")
        path = registry.path
        assert len(registry.snapshot()) == 1
    assert not path.exists()
