import json

import numpy as np
import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write
from places import EXAMPLES

from imgmatch import cli
from imgmatch.groups import duplicates
from imgmatch.results import Verdict
from imgmatch.sources import NamedImage


def names(found):
    return [[listing.name for listing in group.listings] for group in found.groups]


def test_duplicates_groups_listings_that_share_a_photograph(photo):
    half = np.ascontiguousarray(photo[:, 150:])
    catalogue = [
        NamedImage("a/whole.jpg", encoded(photo, "JPEG", quality=90), {"shop": "A"}),
        NamedImage("b/other.jpg", (EXAMPLES / "originals/coffee.jpg").read_bytes()),
        NamedImage("b/mirrored.jpg", encoded(photo[:, ::-1], "JPEG", quality=60)),
        NamedImage("b/drawn.png", encoded(draw(1))),
        NamedImage("c/half.png", encoded(half)),
        NamedImage("c/again.png", encoded(half)),
        NamedImage("c/empty.jpg", b""),
    ]

    found = duplicates(catalogue)

    assert names(found) == [
        ["a/whole.jpg", "b/mirrored.jpg", "c/half.png", "c/again.png"]
    ]
    (group,) = found.groups
    assert group.listings[0].columns == {"shop": "A"}
    tied = {frozenset((pair.reference, pair.query)) for pair in group.pairs}
    assert frozenset(("a/whole.jpg", "c/half.png")) in tied
    assert not any("again" in name for pair in tied for name in pair)
    assert {pair.comparison.verdict for pair in group.pairs} == {Verdict.DERIVED}
    (failure,) = found.failures
    assert (failure.query, failure.reason) == ("c/empty.jpg", "empty (0 bytes)")
    assert found.total == 7
    json.dumps(group.to_dict())


def test_duplicates_compares_the_same_bytes_only_with_themselves(monkeypatch):
    def never(reference, query):
        assert reference.sha256 == query.sha256
        return by_bytes(reference, query)

    compare_with(monkeypatch, never)
    catalogue = [NamedImage(f"{n}", encoded(draw(n % 3))) for n in range(7)]

    found = duplicates(catalogue)

    assert names(found) == [["0", "3", "6"], ["1", "4"], ["2", "5"]]
    assert all(group.pairs == () for group in found.groups)


class ReadOnce:
    """An image that is gone when it is read again."""

    container = "folder"

    def __init__(self, data):
        self.data = data

    def open(self, _limits):
        return self

    def read(self, _place):
        data, self.data = self.data, b""
        return data

    def close(self):
        pass


def test_duplicates_reports_a_listing_that_is_gone_when_compared(monkeypatch):
    compare_with(monkeypatch, by_bytes)
    catalogue = [
        NamedImage("here", encoded(draw(1))),
        NamedImage("gone", ReadOnce(encoded(draw(2))), {"shop": "A"}),
    ]

    found = duplicates(catalogue)

    (failure,) = found.failures
    assert (failure.query, failure.columns) == ("gone", {"shop": "A"})
    assert failure.reason == "empty (0 bytes)"
    assert found.total == 2


@pytest.mark.parametrize(("seeds", "status"), [((1, 2, 1), 0), ((1, 2, 3), 1)])
def test_duplicates_command_prints_a_line_for_each_group(
    tmp_path, monkeypatch, capsys, seeds, status
):
    compare_with(monkeypatch, by_bytes)
    for number, seed in enumerate(seeds):
        write(tmp_path / f"listings/{number}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()

    with pytest.raises(SystemExit) as info:
        cli.app(["duplicates", str(tmp_path / "listings"), "--workers", "1"])

    out, err = capsys.readouterr()
    assert info.value.code == status
    groups = [json.loads(line)["listings"] for line in out.splitlines()]
    assert [[one["name"] for one in group] for group in groups] == (
        [["0.png", "2.png"]] if status == 0 else []
    )
    assert "not read: bad.jpg: empty (0 bytes)" in err
    assert "4 listings: " in err


def test_duplicates_command_says_when_there_are_no_images(tmp_path, capsys):
    for arguments in ([str(tmp_path)], [str(tmp_path / "missing.jpg")]):
        with pytest.raises(SystemExit) as info:
            cli.app(["duplicates", *arguments])
        assert info.value.code == 2
    assert "no images in" in capsys.readouterr().err
