import json

import pytest
from pictures import draw, encoded

from imgmatch.scans import scan_into
from imgmatch.sources import NamedImage
from imgmatch.verification import verify


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("remembered", "times"), [(2, 2), (1, 3)])
def test_verify_each_verifies_the_same_bytes_once_while_remembered(
    folder, tmp_path, monkeypatch, remembered, times
):
    monkeypatch.setattr("imgmatch.scans.suspects.CACHED_RESULTS", remembered)
    verified = []

    def noting(image, *arguments, **options):
        verified.append(image)
        return verify(image, *arguments, **options)

    monkeypatch.setattr("imgmatch.scans.suspects.verify", noting)

    twice = [
        NamedImage(name, encoded(draw(seed)), {"shop": name})
        for name, seed in [("a", 1), ("b", 2), ("c", 1)]
    ]
    list(scan_into(tmp_path / "out.jsonl", twice, folder))

    assert len(verified) == times
    a, _, c = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (a.pop("query"), c.pop("query")) == ("a", "c")
    assert (a.pop("columns"), c.pop("columns")) == ({"shop": "a"}, {"shop": "c"})
    assert a == c


def test_verify_each_gets_the_options_of_scan_into(
    folder, listings, tmp_path, monkeypatch
):
    options = {"max_candidates": 3, "derived_score": 9.0}
    heard = []

    def noting(image, *arguments, **given):
        heard.append(given)
        return verify(image, *arguments, **given)

    monkeypatch.setattr("imgmatch.scans.suspects.verify", noting)

    list(scan_into(tmp_path / "out", listings / "1.png", folder, **options))

    assert heard == [options]
