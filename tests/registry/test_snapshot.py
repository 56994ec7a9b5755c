"""Snapshots: identity, pickling, decoded originals."""

import pickle

import pytest
from pictures import draw
from registries import found

from imgmatch.errors import RegistryError
from imgmatch.registry import Registry


def test_id_depends_only_on_the_originals(folder, tmp_path):
    with Registry.open(folder) as registry:
        first = registry.snapshot().id
        registry.add(draw(3), reference_id="3")
        assert registry.snapshot().id != first
        registry.remove("3")
        assert registry.snapshot().id == first
        registry.add(draw(3), reference_id="1", replace=True)
        assert registry.snapshot().id != first
        registry.add(draw(1), reference_id="1", replace=True)
        assert registry.snapshot().id == first
    with Registry.create(tmp_path / "other") as registry:
        for seed in (2, 0, 1):
            registry.add(draw(seed), reference_id=f"{seed}")
            registry.commit()
        assert registry.snapshot().id == first


def test_snapshot_can_be_pickled(folder):
    with Registry.open(folder) as registry:
        registry.remove("0")
        registry.commit()
        snapshot = registry.snapshot()
        sent = pickle.dumps(snapshot)
        there = pickle.loads(sent)
        assert len(sent) < 1000
        assert there.id == snapshot.id
        assert list(there) == list(snapshot) == ["1", "2"]
        assert found(there, 1) == found(snapshot, 1)

        registry.compact()

        assert there.fingerprint("1").size == (200, 150)  # open files stay readable
        with pytest.raises(RegistryError, match="take another"):
            pickle.loads(sent)


def test_snapshot_of_a_relative_path_can_be_pickled(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Registry.open(folder.name, read_only=True) as registry:
        sent = pickle.dumps(registry.snapshot())
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        assert found(pickle.loads(sent), 1) == found(registry.snapshot(), 1)


def test_fingerprint_decodes_an_original_once(folder):
    with Registry.open(folder, read_only=True) as registry:
        snapshot = registry.snapshot()
        assert snapshot.fingerprint("1") is snapshot.fingerprint("1")
