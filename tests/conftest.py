import hypothesis
import numpy as np
import pytest

# Shared machines: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("imgmatch", deadline=None)
hypothesis.settings.load_profile("imgmatch")


@pytest.fixture
def rng():
    return np.random.default_rng(0)
