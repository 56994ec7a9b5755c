import sqlite3

import pytest
from bundles import NOON

from imgmatch.errors import LedgerError
from imgmatch.evidence.ledger import Ledger


def fill(ledger, count=3):
    for number in range(count):
        content = {"subject": f"s{number}", "owner": "o1", "listing": "l1"}
        ledger.append("note", content, at=NOON)


# The chain


def test_entries_returns_matches_in_order(ledger):
    fill(ledger)
    ledger.append("other", {"subject": "s1", "owner": "o2"}, at=NOON)

    assert [e.number for e in ledger.entries()] == [1, 2, 3, 4]
    assert [e.number for e in ledger.entries("note", subject="s1")] == [2]
    assert [e.number for e in ledger.entries(owner="o2")] == [4]
    assert [e.number for e in ledger.entries(listing="l1")] == [1, 2, 3]
    assert ledger.entries()[0].content["subject"] == "s0"
    assert ledger.entries()[0].at == "2026-05-01T12:00:00+00:00"


def test_ledger_survives_reopening(ledger):
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
def test_check_notices_changes_made_without_the_triggers(ledger, change, message):
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
def test_schema_refuses_changes_of_entries(ledger, change):
    fill(ledger)
    raw = sqlite3.connect(ledger.path)

    with pytest.raises(sqlite3.IntegrityError, match="entries are never"):
        raw.execute(change)
    raw.close()


def test_append_refuses_a_second_entry_after_the_same_one(ledger):
    ledger.append("case", {"subject": "c"}, at=NOON, after=0)
    ledger.append("case", {"subject": "c"}, at=NOON, after=1)

    with pytest.raises(LedgerError, match="entry 2 came in between"):
        ledger.append("case", {"subject": "c"}, at=NOON, after=1)
    assert len(ledger.entries()) == 2


# Erasure


def test_erase_removes_content_from_the_file_and_keeps_the_chain(ledger):
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


def test_erase_wants_either_an_owner_or_a_listing(ledger):
    with pytest.raises(LedgerError, match="either"):
        ledger.erase(at=NOON)
    with pytest.raises(LedgerError, match="either"):
        ledger.erase(owner="o", listing="l", at=NOON)


# Files that cannot be used


def test_ledger_refuses_other_files(tmp_path):
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


def test_ledger_refuses_use_after_close(ledger):
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.entries()
