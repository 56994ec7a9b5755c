"""Archives: writing them, and refusing dangerous ones."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmatch.errors import BundleError, UnsafeBundleError
from imgmatch.evidence import archive
from imgmatch.evidence.archive import read_archive, write_archive

names = st.from_regex(r"[a-z0-9]{1,5}(/[a-z0-9]{1,5}){0,2}\.[a-z]{3}", fullmatch=True)


def zipped(*members, method=zipfile.ZIP_STORED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as out:
        for name, data in members:
            out.writestr(name, data)
    return content.getvalue()


@given(st.dictionaries(names, st.binary(max_size=40), max_size=6))
def test_write_archive_keeps_members_order_and_bytes(members):
    data = write_archive(members)

    assert list(read_archive(data).items()) == list(members.items())
    assert write_archive(read_archive(data)) == data
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert other.testzip() is None
        assert {n: other.read(n) for n in other.namelist()} == members


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "/etc/passwd", "a/../b", "..", "a//b", "a/", "C:x", "a\\b"),
        *("A.txt", "a b", ".hidden", "a/.b", "证", "x\n"),
    ],
)
def test_read_archive_refuses_names_that_lead_elsewhere(name):
    with pytest.raises(UnsafeBundleError, match="leads elsewhere"):
        read_archive(zipped(("manifest.json", b"{}"), (name, b"x")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_read_archive_refuses_a_name_that_occurs_twice():
    with pytest.raises(UnsafeBundleError, match="two members are called a"):
        read_archive(zipped(("a", b"1"), ("a", b"2")))


def test_read_archive_refuses_a_bomb_without_unpacking_it():
    bomb = zipped(("a", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED)

    assert len(bomb) < 60_000
    with pytest.raises(UnsafeBundleError, match="compressed"):
        read_archive(bomb)


def test_read_archive_refuses_overlapping_members():
    # Fifield, "A better zip bomb", 2019: many names for the same bytes.
    data = bytearray(zipped(("a", b"1" * 100), ("b", b"2" * 100)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")

    with pytest.raises(UnsafeBundleError, match="overlaps"):
        read_archive(bytes(data))


def test_read_archive_refuses_a_member_beyond_the_end():
    data = bytearray(zipped(("a", b"1" * 100)))
    entry = data.rindex(b"PK\x01\x02")
    for at in (20, 24):  # offsets of the compressed and the plain size
        data[entry + at : entry + at + 4] = (2**31).to_bytes(4, "little")

    with pytest.raises(UnsafeBundleError, match="beyond the archive"):
        read_archive(bytes(data))


def test_read_archive_refuses_too_many_members_or_bytes(monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    with pytest.raises(UnsafeBundleError, match="3 members"):
        read_archive(zipped(*((f"{n}", b"") for n in range(3))))

    monkeypatch.setattr(archive, "MAX_BYTES", 10)
    with pytest.raises(UnsafeBundleError, match="at most 10 allowed"):
        read_archive(zipped(("a", b"")))


@pytest.mark.parametrize("junk", [b"", b"PK", b"no zip", b"PK\x05\x06" + bytes(9)])
def test_read_archive_refuses_what_is_no_zip(junk):
    with pytest.raises(BundleError, match="not a zip archive"):
        read_archive(junk)
