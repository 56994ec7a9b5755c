"""Many originals at once, by one process or several."""

import os
import signal

import pytest
from pictures import draw, encoded, write

from imgmatch.errors import InputError, RegistryError, WorkerError
from imgmatch.parallel.workers import Workers, workers_for
from imgmatch.registry import Record, Refusal, Registry, register
from imgmatch.sources import NamedImage


@pytest.fixture
def sources(tmp_path):
    for seed in range(8):
        write(tmp_path / f"in/{seed % 3}/{seed}.png", seed)
    (tmp_path / "in/1/bad.jpg").write_bytes(b"no image")
    return tmp_path / "in"


def test_register_goes_on_after_bad_files_and_where_it_stopped(tmp_path):
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


def test_any_number_of_workers_makes_the_same_registry(sources, tmp_path):
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


def test_what_is_registered_is_not_decoded_again(sources, tmp_path, monkeypatch):
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


def test_an_interrupted_run_goes_on_where_it_stopped(sources, tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        outcomes = register(sources, registry, workers=2)
        first = [next(outcomes) for _ in range(3)]
        outcomes.close()
    with Registry.open(tmp_path / "registry") as registry:
        assert len(registry) == 3
        assert [*register(sources, registry)][:3] == first
        assert len(registry) == 8


def test_the_same_id_twice_in_one_run(tmp_path):
    images = [encoded(draw(seed)) for seed in (1, 1, 2)]
    with Registry.create(tmp_path / "registry") as registry:
        named = [NamedImage("one", image) for image in images]
        one, again, other = register(named, registry, workers=2)

    assert one == again
    assert other.error_type == "DuplicateReferenceError"


@pytest.mark.parametrize("name", ["", "\udcff.png"])
def test_a_name_that_cannot_be_kept_is_refused(tmp_path, name):
    with Registry.create(tmp_path / "registry") as registry:
        named = [NamedImage(name, encoded(draw(0))), NamedImage("1", draw(1))]
        refused, registered = register(named, registry)
        assert refused.error_type == "InputError"
        assert registered.reference_id == "1"
    with Registry.open(tmp_path / "registry", read_only=True) as registry:
        assert list(registry) == ["1"]
        assert list(registry.problems()) == []


def test_a_reader_registers_nothing(sources, folder):
    with (
        Registry.open(folder, read_only=True) as registry,
        pytest.raises(RegistryError, match="reading only"),
    ):
        list(register(sources, registry))


# Workers


def die():
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("count", [1, 2])
def test_workers_return_and_raise(count):
    with Workers(count) as workers:
        fine = workers.submit(divmod, 7, 2)
        wrong = workers.submit(InputError.__new__, int)
        assert workers.result(fine) == (3, 1)
        with pytest.raises(TypeError):
            workers.result(wrong)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signals here")
def test_what_kills_its_process_is_found_and_the_others_are_done():
    with Workers(2) as workers:
        tasks = [workers.submit(divmod, n, 3) for n in range(6)]
        tasks.insert(2, workers.submit(die))
        outcomes = []
        while tasks:
            task = tasks.pop(0)
            try:
                outcomes.append(workers.result(task))
            except WorkerError:
                outcomes.append("died")
    expected = [divmod(n, 3) for n in range(6)]
    assert outcomes == [*expected[:2], "died", *expected[2:]]


def test_a_few_images_are_not_worth_a_process():
    assert workers_for(0) == workers_for(39) == 1
    assert 1 <= workers_for(10**6) <= os.cpu_count()
