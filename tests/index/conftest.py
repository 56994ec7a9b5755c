"""Fixtures of the tests of the index."""

import pytest
from pictures import draw

from imgmatch.fingerprint import Fingerprint, Role, fingerprint


@pytest.fixture(scope="session")
def originals() -> list[Fingerprint]:
    """Fingerprints of six originals of 400 x 300 pixels, drawn with seeds 0 to 5."""
    return [
        fingerprint(draw(seed, size=(400, 300)), role=Role.REFERENCE)
        for seed in range(6)
    ]
