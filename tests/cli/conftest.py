"""Fixtures that several tests of the command line use."""

import pytest
from authority import Authority
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write

from imgmatch import cli
from imgmatch.evidence.ledger import Ledger
from imgmatch.registry import Registry


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Keep this terminal from wrapping or colouring messages."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def run(capsys):
    """Run a command in this process; return its exit status, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as info:
            cli.app([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return info.value.code, out, err

    return run


@pytest.fixture
def quick(monkeypatch):
    """Compare bytes instead of pixels: the same bytes are derived, others unrelated."""
    compare_with(monkeypatch, by_bytes)


@pytest.fixture
def originals(tmp_path):
    """A folder of three originals."""
    for seed in range(3):
        write(tmp_path / f"originals/{seed}.png", seed)
    return tmp_path / "originals"


@pytest.fixture
def registry(tmp_path):
    """The directory of a registry of three originals."""
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    return tmp_path / "registry"


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A time-stamp authority below an intermediate certificate."""
    return Authority(tmp_path_factory.mktemp("tsa"), chain=True)


@pytest.fixture
def text_and_ledger(tmp_path, monkeypatch):
    """Work in a folder with a file ``text`` and an empty ledger ``l``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("neither a bundle nor a ledger nor a certificate")
    Ledger(tmp_path / "l").close()
