import numpy as np
import pytest

from imgmatch.registry import Registry
from pictures import draw


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path):
    """A registry of three originals."""
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(draw(seed), reference_id=f"{seed}", owner="Studio")
    return tmp_path / "registry"
