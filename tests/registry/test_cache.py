from pictures import draw

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry.cache import FingerprintCache


def test_fingerprint_cache_keeps_the_latest_within_its_capacity():
    one = fingerprint(draw(0), role=Role.REFERENCE)
    cache = FingerprintCache(capacity=2 * one.nbytes + 10)
    made = []

    def make(key):
        def function():
            made.append(key)
            return one

        return function

    for key in "abacab":
        assert cache.get(key, make(key)) is one
    assert made == ["a", "b", "c", "b"]
