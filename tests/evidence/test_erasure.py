"""Erasure: no file keeps a trace of an owner or a listing."""

from bundles import NOON
from places import EXAMPLES

from imgmatch.evidence.case import open_case
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.depositing import deposit, deposits
from imgmatch.evidence.erasure import erase_listing, erase_owner
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licence import Licence, allow
from imgmatch.evidence.material import MaterialKind
from imgmatch.registry import Registry

CANARY = b"KANARI"


def traces_in(folder, traces):
    """Return the traces that occur in any file of a folder."""
    content = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [trace for trace in traces if any(trace in file for file in content)]


def test_erase_owner_and_listing_leave_no_trace(marked_original, tmp_path):
    licence = Licence("KANARI-l", "KANARI-o", "s", None, NOON, NOON.replace(year=2030))
    with (
        Ledger(tmp_path / "ledger.sqlite") as ledger,
        Registry.create(tmp_path / "registry") as registry,
    ):
        mine = registry.add(
            marked_original,
            reference_id="KANARI-1",
            owner="KANARI-o",
            work="KANARI-w",
            attributes={"customer": "KANARI-c"},
        )
        registry.add(EXAMPLES / "originals/cat.jpg", reference_id="cat", owner="b")
        registry.commit()
        picture = registry.snapshot().original("KANARI-1").picture
        traces = [CANARY, mine.sha256.encode(), bytes.fromhex(mine.sha256)]
        traces += [picture[at : at + 32] for at in range(500, len(picture) - 32, 500)]
        assert traces_in(tmp_path / "registry", traces) == traces
        allow(ledger, licence, at=NOON)
        for owner in ("KANARI-o", "b"):
            deposit(
                *(ledger, marked_original),
                depositor=owner,
                work="w",
                kind=MaterialKind.ORIGINAL,
                authority="Service",
                at=NOON,
            )
            open_case(
                *(ledger, f"case-of-{owner}"),
                owner=owner,
                reference_id="1",
                listing=f"listing-of-{owner}",
                seller="s",
                claim=ClaimKind.PICTURE,
                by="p1",
                at=NOON,
                reason="seen",
            )

        done = erase_owner("KANARI-o", ledger=ledger, registry=registry, at=NOON)

        assert (done.entries, done.originals) == (3, 1)
        assert list(registry) == ["cat"]
        assert len(deposits(ledger)) == 1
        ledger.check()
        assert erase_listing("listing-of-b", ledger=ledger, at=NOON).entries == 1
        assert len(deposits(ledger)) == 1
        ledger.check()
        assert traces_in(tmp_path / "registry", traces) == []
    for path in tmp_path.glob("ledger*"):
        assert CANARY not in path.read_bytes()
        assert b"listing-of" not in path.read_bytes()
    assert traces_in(tmp_path / "registry", traces) == []
