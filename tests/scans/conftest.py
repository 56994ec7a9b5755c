"""Fixtures that several tests of scans use."""

import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write

from imgmatch.registry import Registry


@pytest.fixture
def folder(tmp_path):
    """The directory of a registry of three originals."""
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    return tmp_path / "registry"


@pytest.fixture
def listings(tmp_path):
    """Ten suspects, one of which cannot be read."""
    for seed in range(9):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    return tmp_path / "listings"


@pytest.fixture
def quick(monkeypatch):
    """Compare bytes instead of pixels, in this process."""
    compare_with(monkeypatch, by_bytes)
