import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmatch.errors import InputError, LedgerError
from imgmatch.evidence.canonical import canonical, instant, parse_instant
from imgmatch.evidence.ledger import Ledger

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def fill(ledger, count=3):
    for number in range(count):
        content = {"subject": f"s{number}", "owner": "o1", "listing": "l1"}
        ledger.append("note", content, at=NOON)


# Canonical values


@given(values)
def test_canonical_json_reads_back_and_is_written_again_the_same(value):
    import json

    data = canonical(value)
    assert canonical(json.loads(data)) == data


def test_canonical_json_sorts_keys_and_keeps_letters():
    assert canonical({"b": 1, "a": "证"}) == '{"a":"证","b":1}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes"])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(InputError, match="want a JSON value"):
        canonical({"value": value})


def test_times_want_a_zone():
    assert instant(parse_instant("2026-05-01T20:00:00+08:00")) == instant(NOON)
    with pytest.raises(InputError, match="zone"):
        parse_instant("2026-05-01T20:00:00")
    with pytest.raises(InputError, match="ISO 8601"):
        parse_instant("yesterday")


# The chain


def test_entries_come_back_in_order_and_by_what_they_are_about(ledger):
    fill(ledger)
    ledger.append("other", {"subject": "s1", "owner": "o2"}, at=NOON)

    assert [e.number for e in ledger.entries()] == [1, 2, 3, 4]
    assert [e.number for e in ledger.entries("note", subject="s1")] == [2]
    assert [e.number for e in ledger.entries(owner="o2")] == [4]
    assert [e.number for e in ledger.entries(listing="l1")] == [1, 2, 3]
    assert ledger.entries()[0].content["subject"] == "s0"
    assert ledger.entries()[0].at == "2026-05-01T12:00:00+00:00"


def test_a_history_survives_and_verifies(ledger):
    fill(ledger)
    head = ledger.head

    with Ledger(ledger.path) as again:
        again.check()
        assert again.head == head
        again.append("note", {"subject": "later"}, at=NOON)
        again.check()
        assert again.head != head


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE entry SET content = '{}' WHERE number = 2", "entry 2: content"),
        ("UPDATE entry SET at = '1999' WHERE number = 2", "entry 2 breaks"),
        ("UPDATE entry SET kind = 'x' WHERE number = 1", "entry 1 breaks"),
        ("DELETE FROM entry WHERE number = 2", "entry 2 is missing"),
        ("UPDATE entry SET salt = 'x' WHERE number = 3", "entry 3: content"),
        ("UPDATE entry SET content_digest = '0' WHERE number = 3", "entry 3"),
        (
            "UPDATE entry SET number = 9 WHERE number = 1;"
            "UPDATE entry SET number = 1 WHERE number = 2;"
            "UPDATE entry SET number = 2 WHERE number = 9",
            "entry 1 breaks",
        ),
    ],
)
def test_whoever_gets_around_the_triggers_is_still_noticed(ledger, change, message):
    fill(ledger)
    ledger.close()
    raw = sqlite3.connect(ledger.path)
    for trigger in ("entry_stays", "entry_is_final"):
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.executescript(change)
    raw.close()

    with Ledger(ledger.path) as again, pytest.raises(LedgerError, match=message):
        again.check()


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM entry",
        "UPDATE entry SET content = '{}'",
        "UPDATE entry SET at = '1999'",
        "UPDATE entry SET content = NULL, salt = NULL, kind = 'x'",
    ],
)
def test_the_database_itself_refuses_changes(ledger, change):
    fill(ledger)
    raw = sqlite3.connect(ledger.path)

    with pytest.raises(sqlite3.IntegrityError, match="entries are never"):
        raw.execute(change)
    raw.close()


def test_two_writers_cannot_both_follow_the_same_entry(ledger):
    ledger.append("case", {"subject": "c"}, at=NOON, after=0)
    ledger.append("case", {"subject": "c"}, at=NOON, after=1)

    with pytest.raises(LedgerError, match="entry 2 came in between"):
        ledger.append("case", {"subject": "c"}, at=NOON, after=1)
    assert len(ledger.entries()) == 2


# Erasure


def test_erased_contents_are_gone_from_the_file_and_the_chain_holds(ledger):
    ledger.append("note", {"owner": "CANARY-o", "text": "CANARY-text"}, at=NOON)
    ledger.append("note", {"owner": "other", "text": "stays"}, at=NOON)

    assert ledger.erase(owner="CANARY-o", at=NOON) == 1

    ledger.check()
    first, second, tombstone = ledger.entries()
    assert first.content is None
    assert second.content["text"] == "stays"
    assert tombstone.kind == "erasure"
    assert tombstone.content == {"what": "owner", "entries": 1}
    assert ledger.entries(owner="CANARY-o") == []
    ledger.close()
    for path in ledger.path.parent.iterdir():
        assert b"CANARY" not in path.read_bytes()
        assert b"stays" in path.read_bytes()


def test_erasing_wants_one_thing_to_erase(ledger):
    with pytest.raises(LedgerError, match="either"):
        ledger.erase(at=NOON)
    with pytest.raises(LedgerError, match="either"):
        ledger.erase(owner="o", listing="l", at=NOON)


# Files that are none


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("This is no database, whatever it may be called.")
    with pytest.raises(LedgerError, match="not a database"):
        Ledger(tmp_path / "text")

    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(tmp_path / "other.sqlite")

    Ledger(tmp_path / "newer.sqlite").close()
    newer = sqlite3.connect(tmp_path / "newer.sqlite")
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(LedgerError, match="want version 1, got 2"):
        Ledger(tmp_path / "newer.sqlite")
    with pytest.raises(LedgerError, match="unable to open"):
        Ledger(tmp_path / "missing" / "x.sqlite")


def test_a_closed_ledger_says_so(ledger):
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.entries()
