"""Snapshots, and the originals that they keep decoded."""

import pickle

import pytest
from pictures import draw
from registries import found

from imgmatch.errors import RegistryError
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry import Registry
from imgmatch.registry.cache import FingerprintCache


def test_a_snapshot_is_known_by_its_originals(folder, tmp_path):
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


def test_a_snapshot_travels_to_another_process(folder):
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

        assert there.fingerprint("1").size == (200, 150)  # what is open stays
        with pytest.raises(RegistryError, match="take another"):
            pickle.loads(sent)


def test_a_snapshot_taken_by_a_relative_path_travels(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Registry.open(folder.name, read_only=True) as registry:
        sent = pickle.dumps(registry.snapshot())
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        assert found(pickle.loads(sent), 1) == found(registry.snapshot(), 1)


def test_the_cache_keeps_the_latest_within_its_bytes():
    one = fingerprint(draw(0), role=Role.REFERENCE)
    cache = FingerprintCache(capacity=2 * one.nbytes + 10)
    made = []

    def make(key):
        def function():
            made.append(key)
            return one

        return function

    for key in "abacab":
        assert cache.get(key, make(key)) is one
    assert made == ["a", "b", "c", "b"]


def test_a_snapshot_decodes_an_original_once(folder):
    with Registry.open(folder, read_only=True) as registry:
        snapshot = registry.snapshot()
        assert snapshot.fingerprint("1") is snapshot.fingerprint("1")
