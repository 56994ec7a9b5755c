"""What tests of registries ask and see."""

from contextlib import contextmanager

import pytest
from pictures import draw

from imgmatch.fingerprint import Role, fingerprint


@contextmanager
def keep_segments():
    """Merge segments only where there are eight of a size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imgmatch.registry.tiers.REWRITES", 0)
        yield


def found(snapshot, seed, size=(200, 150)):
    query = fingerprint(draw(seed, size=size), role=Role.QUERY)
    return [one.reference_id for one in snapshot.candidates(query, limit=3)]


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
