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
    RegistryVersionError,
    UnknownReferenceError,
)
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry import Registry
from imgmatch.registry.schema import REGISTRY_PARAMETERS
from imgmatch.types import Size


def assert_equal(one, other):
    """Two fingerprints are the same to the bit."""
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


def test_what_was_added_is_there_after_reopening(tmp_path):
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
def test_every_kind_of_source_can_be_added_again(tmp_path, source):
    path = write(tmp_path / "1.png", 1)
    image = {"path": path, "bytes": path.read_bytes(), "array": draw(1)}[source]
    with Registry.create(tmp_path / "registry") as registry:
        first = registry.add(image, reference_id="1", owner="Studio")

        assert registry.add(image, reference_id="1") == first
        assert registry.add(image, reference_id="1", owner="Studio") == first
        assert len(registry) == 1


def test_a_flat_picture_has_no_features_and_is_kept(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        registry.add(np.full((20, 20, 3), 7, np.uint8), reference_id="flat")
    with Registry.open(tmp_path / "registry", read_only=True) as registry:
        assert len(registry.fingerprint("flat").features) == 0


def test_an_id_does_not_change_its_meaning_unasked(folder):
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


def test_remove(folder):
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


def test_broken_images_and_details_are_refused_and_leave_nothing(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        with pytest.raises(DecodeError):
            registry.add(b"no image", reference_id="1")
        with pytest.raises(InputError, match="empty"):
            registry.add(draw(0), reference_id="")
        with pytest.raises(InputError, match="JSON"):
            registry.add(draw(0), reference_id="1", attributes={"when": object()})
        assert len(registry) == 0


def test_an_exception_forgets_what_was_not_committed(folder):
    with suppress(ZeroDivisionError), Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        registry.commit()
        registry.add(draw(4), reference_id="4")
        registry.remove("0")
        raise ZeroDivisionError

    with Registry.open(folder) as registry:
        assert list(registry) == ["0", "1", "2", "3"]


def test_rollback(folder):
    with Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        assert len(registry.snapshot()) == 4
        registry.rollback()
        assert len(registry) == len(registry.snapshot()) == 3


def test_the_writer_sees_what_it_has_not_committed_and_readers_do_not(folder):
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


def test_a_snapshot_outlives_removal(folder):
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


def test_some_originals_may_stand_for_all(folder, tmp_path):
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


def test_long_runs_are_committed_on_their_own(tmp_path, monkeypatch):
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


def test_threads_may_share_a_reader(folder):
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


def test_create_wants_a_new_or_empty_directory(folder, tmp_path):
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


def test_create_finishes_what_a_dead_process_began(tmp_path):
    (tmp_path / "segments").mkdir()
    (tmp_path / "writer.lock").touch()
    (tmp_path / "registry.sqlite").touch()
    with Registry.create(tmp_path) as registry:
        registry.add(draw(0), reference_id="0")
    with Registry.open(tmp_path) as registry:
        assert len(registry) == 1


def test_open_wants_a_registry(tmp_path):
    with pytest.raises(RegistryError, match="no registry"):
        Registry.open(tmp_path)


def test_a_reader_does_not_write(folder):
    with Registry.open(folder, read_only=True) as registry:
        with pytest.raises(RegistryError, match="reading only"):
            registry.add(draw(3), reference_id="3")
        with pytest.raises(RegistryError, match="reading only"):
            registry.remove("1")


def test_a_registry_on_a_read_only_medium_can_be_read(folder, monkeypatch):
    monkeypatch.setattr(
        "imgmatch.registry.database._on_read_only_medium", lambda _: True
    )
    before = sorted(folder.iterdir())
    with Registry.open(folder, read_only=True) as registry:
        assert len(registry.snapshot()) == 3
        assert sorted(folder.iterdir()) == before  # no -shm, no -wal


def test_a_closed_registry_says_so(folder):
    registry = Registry.open(folder)
    registry.close()
    registry.close()
    with pytest.raises(RegistryError, match="closed"):
        len(registry)


def test_a_temporary_registry_leaves_nothing():
    with Registry.temporary() as registry:
        registry.add(draw(0), reference_id="0")
        path = registry.path
        assert len(registry.snapshot()) == 1
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("fingerprint", "register the originals again"), ("index", "rebuild-index")],
)
def test_other_parameters_are_refused(folder, monkeypatch, name, remedy):
    monkeypatch.setattr(
        "imgmatch.registry.schema.REGISTRY_PARAMETERS",
        {**REGISTRY_PARAMETERS, name: "another"},
    )
    for read_only in (False, True):
        with pytest.raises(RegistryVersionError, match=f"{name} = .*{remedy}"):
            Registry.open(folder, read_only=read_only)
