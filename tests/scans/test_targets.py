import numpy as np

from imgmatch.registry import Registry
from imgmatch.scans.targets import ScanTargets


def test_knows_tells_digests_apart(folder, rng):
    with Registry.open(folder, read_only=True) as opened:
        snapshot = opened.snapshot()
    raw = [rng.bytes(32) for _ in range(50)] + [bytes(32), b"\0" * 15 + b"\1" * 17]
    known = np.unique(np.array([one[:16] for one in raw[::2]], "S16"))
    targets = ScanTargets(snapshot, None, known, "earlier")

    assert [targets.knows(one.hex()) for one in raw] == [True, False] * 26
    assert not ScanTargets.everything(snapshot).knows(raw[0].hex())
