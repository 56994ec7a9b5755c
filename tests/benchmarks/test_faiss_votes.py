import numpy as np
from benchmarks.faiss_votes import FaissVotes
from pictures import draw

from imgmatch.fingerprint import Role, fingerprint


def test_faiss_votes_search_finds_the_original_of_a_crop():
    originals = [
        fingerprint(draw(seed, size=(400, 300)), role=Role.REFERENCE).features
        for seed in range(4)
    ]
    peer = FaissVotes(originals, lists=4, probes=4)
    pixels = np.ascontiguousarray(draw(2, size=(400, 300))[60:220, 100:330])

    found = peer.search(fingerprint(pixels, role=Role.QUERY), limit=2)

    assert found[0] == 2
    assert peer.bytes == 40 * sum(min(len(one), 450) for one in originals)
