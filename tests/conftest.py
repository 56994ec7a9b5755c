"""Fixtures that every test module may use."""

from pathlib import Path

import hypothesis
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from imgmatch.registry import Registry
from pictures import draw

# Shared machines: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("imgmatch", deadline=None)
hypothesis.settings.load_profile("imgmatch")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """(300, 451, 3) uint8 RGB, read-only: a real photograph with odd sides."""
    pixels = np.array(skimage.data.chelsea(), dtype=np.uint8)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registry of three originals."""
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(draw(seed), reference_id=f"{seed}", owner="Studio")
    return tmp_path / "registry"
