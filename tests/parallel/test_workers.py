"""Worker processes: results, errors, deaths, and how they end."""

import os
import signal
import time
from itertools import count, islice

import cv2
import pytest

from imgmatch.errors import InputError, WorkerError
from imgmatch.parallel.workers import Workers, workers_for

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")


def double(number):
    return 2 * number


def make_unpicklable():
    return lambda: 1


def refuse(number):
    raise InputError(f"want no {number}")


def die():
    os.kill(os.getpid(), KILL)


def die_once(path):
    """Kill the worker that gets a path first, but not the next one."""
    if not path.exists():
        path.touch()
        die()
    return path.name


def threads():
    return os.environ["OMP_NUM_THREADS"], cv2.getNumThreads()


def run_long(folder):
    """Say which process this is, run for a minute, and clean up at the end."""
    try:
        (folder / "running").write_text(f"{os.getpid()}")
        time.sleep(60)
    finally:
        (folder / "cleaned").touch()


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited 30 s in vain")


# --- Calls ----------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_result_is_the_one_of_its_task_in_any_order(number):
    with Workers(number) as workers:
        tasks = [workers.submit(divmod, n, 3) for n in range(6)]
        found = {n: workers.result(tasks[n]) for n in (5, 0, 3, 1, 4, 2)}

    assert found == {n: divmod(n, 3) for n in range(6)}


@pytest.mark.parametrize("number", [1, 2])
def test_result_raises_what_the_call_raised_and_others_go_on(number):
    with Workers(number) as workers:
        wrong = workers.submit(refuse, 3)
        fine = workers.submit(double, 4)
        with pytest.raises(InputError, match="want no 3"):
            workers.result(wrong)
        assert workers.result(fine) == 8


def test_submit_with_one_worker_runs_the_call_here_at_once():
    with Workers(1) as workers:
        task = workers.submit(os.getpid)

    assert task.outcome.result == os.getpid()
    assert task.deaths == 0


def test_submit_with_two_workers_runs_calls_elsewhere_in_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")

    with Workers(2) as workers:
        assert workers.result(workers.submit(os.getpid)) != os.getpid()
        assert workers.result(workers.submit(threads)) == ("1", 1)

    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_backlog_is_several_tasks_for_each_other_process():
    assert Workers(1).backlog == 0
    assert Workers(3).backlog == 12


@pytest.mark.parametrize("number", [1, 2])
def test_map_yields_results_in_order_and_takes_values_as_needed(number):
    taken = []
    values = (taken.append(n) or n for n in count())

    with Workers(number) as workers:
        assert list(workers.map(double, [])) == []
        found = list(islice(workers.map(double, values), 20))

    assert found == list(range(0, 40, 2))
    assert len(taken) < 40


# --- Deaths ---------------------------------------------------------------


def test_result_comes_from_another_worker_when_the_first_dies(tmp_path):
    with Workers(2) as workers:
        dies_once = workers.submit(die_once, tmp_path / "touched")
        others = [workers.submit(double, n) for n in range(4)]

        assert workers.result(dies_once) == "touched"
        assert [workers.result(task) for task in others] == [0, 2, 4, 6]
    assert dies_once.deaths == 1


@posix_only
@pytest.mark.parametrize("max_deaths", [0, 1])
def test_result_raises_worker_error_after_too_many_deaths(max_deaths):
    expected = rf"{max_deaths + 1} worker process(es)? died over it, .* status -9"
    with Workers(2, max_deaths=max_deaths) as workers:
        deadly = workers.submit(die)
        others = [workers.submit(double, n) for n in range(4)]

        with pytest.raises(WorkerError, match=expected):
            workers.result(deadly)
        assert [workers.result(task) for task in others] == [0, 2, 4, 6]


@posix_only
def test_submit_replaces_a_worker_that_died_idle():
    with Workers(2) as workers:
        idle = workers.result(workers.submit(os.getpid))
        os.kill(idle, KILL)

        task = workers.submit(os.getpid)

        assert workers.result(task) not in (idle, os.getpid())


# --- End ------------------------------------------------------------------


@posix_only
def test_workers_end_a_running_task_and_let_it_clean_up(tmp_path):
    with Workers(2) as workers:
        running = tmp_path / "running"
        workers.submit(run_long, tmp_path)
        wait_until(lambda: running.exists() and running.read_text())
        begun = time.monotonic()

    assert time.monotonic() - begun < 30
    assert (tmp_path / "cleaned").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(running.read_text()), 0)


# --- How many -------------------------------------------------------------


def test_workers_for_few_images_is_one():
    assert workers_for(0) == workers_for(39) == 1


def test_workers_for_many_images_is_at_most_one_a_core(monkeypatch):
    monkeypatch.setattr("imgmatch.parallel.workers.cores", lambda: 4)

    assert workers_for(40) == 2
    assert workers_for(10**6) == 4


@pytest.mark.parametrize("count", [1, 2])
def test_result_raises_what_could_not_be_sent(count):
    """Neither a call nor a result that cannot be pickled blocks the others."""
    with Workers(count) as workers:
        unsendable = [workers.submit(lambda: 1) for _ in range(3)]
        unreceivable = workers.submit(make_unpicklable)
        good = workers.submit(double, 4)

        assert workers.result(good) == 8
        if count > 1:
            for task in unsendable:
                with pytest.raises(Exception, match=r"[Pp]ickle|local object"):
                    workers.result(task)
            with pytest.raises(WorkerError, match="cannot be sent"):
                workers.result(unreceivable)


@posix_only
def test_result_of_other_tasks_arrives_after_a_deadly_one():
    with Workers(2) as workers:
        tasks = [workers.submit(double, number) for number in range(6)]
        tasks.insert(2, workers.submit(die))
        outcomes = []
        for task in tasks:
            try:
                outcomes.append(workers.result(task))
            except WorkerError:
                outcomes.append("died")
    assert outcomes == [0, 2, "died", 4, 6, 8, 10]
