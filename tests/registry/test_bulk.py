"""Register many originals, in one process or in several."""

import pytest
from pictures import draw, encoded, write

from imgmatch.errors import RegistryError
from imgmatch.registry import Record, Refusal, Registry, register
from imgmatch.sources import NamedImage


@pytest.fixture
def sources(tmp_path):
    for seed in range(8):
        write(tmp_path / f"in/{seed % 3}/{seed}.png", seed)
    (tmp_path / "in/1/bad.jpg").write_bytes(b"no image")
    return tmp_path / "in"


def test_register_continues_after_bad_files_and_keeps_originals(tmp_path):
    for seed in range(3):
        write(tmp_path / f"in/{seed}.png", seed)
    (tmp_path / "in/1.jpg").write_bytes(b"")
    with Registry.create(tmp_path / "registry") as registry:
        outcomes = list(register(tmp_path / "in", registry, owner="Studio"))
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds == [Record, Refusal, Record, Record]
        assert outcomes[1].reference_id == "1.jpg"
        assert outcomes[1].error_type == "DecodeError"

        (tmp_path / "in/2.png").write_bytes(encoded(draw(9)))
        again = list(register(tmp_path / "in", registry))

    assert again[0] == outcomes[0]
    assert again[3].error_type == "DuplicateReferenceError"


def test_register_makes_the_same_registry_with_any_workers(sources, tmp_path):
    made = []
    for workers in (1, 2):
        with Registry.create(tmp_path / f"{workers}") as registry:
            outcomes = list(register(sources, registry, owner="A", workers=workers))
            ids = [outcome.reference_id for outcome in outcomes]
        with Registry.open(tmp_path / f"{workers}", read_only=True) as registry:
            files = {p.name for p in (registry.path / "segments").iterdir()}
            snapshot = registry.snapshot()
            made.append((ids, snapshot.id, list(snapshot), files))
    assert made[0] == made[1]
    assert made[0][0][6] == "1/bad.jpg"


def test_register_does_not_decode_registered_originals(sources, tmp_path, monkeypatch):
    with Registry.create(tmp_path / "registry") as registry:
        first = list(register(sources, registry))

    def decode(*_):
        raise AssertionError

    monkeypatch.setattr("imgmatch.registry.bulk.prepare_original", decode)
    (sources / "1/bad.jpg").unlink()
    with Registry.open(tmp_path / "registry") as registry:
        again = list(register(sources, registry))
        assert again == [one for one in first if isinstance(one, Record)]
        write(sources / "new.png", 20)
        with pytest.raises(AssertionError):
            list(register(sources, registry))


def test_register_resumes_an_interrupted_run(sources, tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        outcomes = register(sources, registry, workers=2)
        first = [next(outcomes) for _ in range(3)]
        outcomes.close()
    with Registry.open(tmp_path / "registry") as registry:
        assert len(registry) == 3
        assert [*register(sources, registry)][:3] == first
        assert len(registry) == 8


def test_register_refuses_an_id_twice_with_other_bytes(tmp_path):
    images = [encoded(draw(seed)) for seed in (1, 1, 2)]
    with Registry.create(tmp_path / "registry") as registry:
        named = [NamedImage("one", image) for image in images]
        one, again, other = register(named, registry, workers=2)

    assert one == again
    assert other.error_type == "DuplicateReferenceError"


@pytest.mark.parametrize("name", ["", "\udcff.png"])
def test_register_refuses_names_that_cannot_be_stored(tmp_path, name):
    with Registry.create(tmp_path / "registry") as registry:
        named = [NamedImage(name, encoded(draw(0))), NamedImage("1", draw(1))]
        refused, registered = register(named, registry)
        assert refused.error_type == "InputError"
        assert registered.reference_id == "1"
    with Registry.open(tmp_path / "registry", read_only=True) as registry:
        assert list(registry) == ["1"]
        assert list(registry.problems()) == []


def test_register_refuses_a_registry_open_for_reading(sources, folder):
    with (
        Registry.open(folder, read_only=True) as registry,
        pytest.raises(RegistryError, match="reading only"),
    ):
        list(register(sources, registry))
