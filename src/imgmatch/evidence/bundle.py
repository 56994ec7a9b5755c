"""Build bundles: one file with everything that a verdict rests on.

The file can be checked without the registry.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imgmatch.errors import BundleError, InputError
from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.canonical import canonical, sha256, stated
from imgmatch.evidence.claim import claim_kind
from imgmatch.evidence.depositing import Deposit
from imgmatch.evidence.licence import Licence
from imgmatch.evidence.manifest import (
    Listing,
    manifest_of,
    reference_of,
    result_of,
)
from imgmatch.evidence.material import Material
from imgmatch.evidence.precedence import priority
from imgmatch.evidence.privacy import as_png, redacted, reduced_copy
from imgmatch.evidence.reference_files import write_reference
from imgmatch.evidence.render import render_members
from imgmatch.evidence.timestamp import Transport, stamp
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.image import decode
from imgmatch.pair.compare import Examination, examine_pair
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Record, Registry, Snapshot
from imgmatch.types import Box

__all__ = ["MANIFEST", "SEAL", "TOKEN", "Attachment", "build", "revise", "seal_of"]

MANIFEST, SEAL, TOKEN = "manifest.json", "manifest.sha256", "manifest.tsr"
"""Names of the members that hold the manifest, its digest and its time stamp."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Material to put into a bundle.

    Attributes
    ----------
    material : Material
    content : bytes or None
        The file itself, which is put in unchanged. If None, the bundle holds only its
        digest.
    """

    material: Material
    content: bytes | None = None


def build(
    suspect: bytes,
    registry: Registry,
    reference_id: str,
    *,
    made: datetime,
    examination: Examination | None = None,
    derived_score: float = DERIVED_SCORE,
    listing: Listing | None = None,
    original: bytes | None = None,
    include_original: bool = False,
    redact_suspect: Sequence[Box] = (),
    redact_original: Sequence[Box] = (),
    deposits: Sequence[Deposit] = (),
    licence: Licence | None = None,
    published: datetime | None = None,
    attachments: Sequence[Attachment] = (),
    transport: Transport | None = None,
) -> bytes:
    """Build the bundle of a suspect and a registered original.

    The bundle holds what was compared: the suspect's exact bytes, and the picture
    and features that the registry keeps of the original. If a side is redacted, the
    bundle holds the redacted picture instead, and the verdict is about that picture.

    Parameters
    ----------
    suspect : bytes
        The file as published. It stays unchanged unless `redact_suspect` is given.
    registry : Registry
    reference_id : str
    made : datetime
        Time that the bundle states; `build` reads no clock.
    examination : Examination, optional
        Result of `imgmatch.verification.examine_suspect` for this suspect and this
        original. Without it, `build` compares the two.
    derived_score : float
        Score from which the verdict is derived, where `build` compares the two; see
        `imgmatch.derived_score`.
    listing : Listing, optional
    original : bytes, optional
        The original's file. With it, the bundle shows a better copy than the
        registry's.
    include_original : bool
        Put the original's file in unchanged, with all its metadata. Otherwise the
        bundle holds a reduced copy without metadata.
    redact_suspect, redact_original : sequence of Box
        Boxes to black out, in full-size pixels. `redact_original` needs `original`.
    deposits : sequence of Deposit
        Deposits of the original, oldest first.
    licence : Licence, optional
        Licence that covers the listing.
    published : datetime, optional
        When the owner first showed the original.
    attachments : sequence of Attachment
    transport : callable, optional
        Asks a time-stamp authority to stamp the manifest; see
        `imgmatch.evidence.timestamp.stamp`. Without it, there is no stamp.

    Returns
    -------
    bytes
        A zip archive. The same arguments give the same bytes, except for the stamp.

    Raises
    ------
    UnknownReferenceError
        If the registry has no such original.
    DecodeError
        If a picture cannot be read.
    InputError
        If `original` is not the file that was registered, or is needed and not
        given, or is to be both included and redacted; if `examination` is of other
        pictures or another number of originals, or is given with redactions; if
        `derived_score` is below the default.
    MissingExtraError
        If reportlab is not installed, or rfc3161-client and a `transport` is given.
    """
    record = registry.get(reference_id)
    if original is None and (include_original or redact_original):
        raise InputError("want the original's file to include or redact it, got none")
    if original is not None and sha256(original) != record.sha256:
        raise InputError(
            f"want the original {record.sha256}, got a file {sha256(original)}"
        )
    if include_original and redact_original:
        raise InputError("want the original either as it is or redacted, got both")
    shown = as_png(redacted(suspect, redact_suspect)) if redact_suspect else suspect
    snapshot = registry.snapshot()
    if examination is None:
        examination = examine_pair(
            _reference(snapshot, reference_id, original, redact_original),
            fingerprint(shown, role=Role.QUERY),
            pairs=len(snapshot),
            derived_score=derived_score,
        )
    elif redact_suspect or redact_original:
        raise InputError("what is redacted is compared anew: want no examination")
    else:
        _check_examined(examination, suspect, record, len(snapshot))
    found = examination.comparison

    suspect_member = f"suspect.{_suffix(shown)}"
    members = {suspect_member: shown, **write_reference(examination.reference)}
    copy, copy_member = "registry", None
    if original is not None:
        copy = "exact" if include_original else "reduced"
        copy_member = f"original.{_suffix(original) if include_original else 'jpg'}"
        members[copy_member] = (
            original
            if include_original
            else reduced_copy(original, boxes=redact_original)
        )
    held, tokens = _deposits(deposits)
    attached, contents = _attached(attachments)
    members |= tokens | contents
    place = listing or Listing()
    facts: dict[str, Any] = {
        "claim": str(claim_kind(found.verdict)),
        "listing": place.to_dict(),
        "suspect": {
            "member": suspect_member,
            "sha256": sha256(suspect),
            "redacted": bool(redact_suspect),
        },
        "reference": {
            **reference_of(record),
            "published": stated(published),
            "redacted": bool(redact_original),
            "copy": copy,
            "copy_member": copy_member,
        },
        "registry": {"id": snapshot.id, "originals": len(snapshot)},
        "derived_score": examination.derived_score,
        "result": result_of(examination),
        "licence": licence and licence.to_dict(),
        "deposits": held,
        "priority": str(priority(deposits, place.first_seen)),
        "before_publication": str(priority(deposits, published)),
        "material": attached,
    }
    manifest = manifest_of(
        made=made, revision=1, previous=None, members=members, **facts
    )
    members |= render_members(manifest, members, examination)
    manifest = manifest_of(
        made=made, revision=1, previous=None, members=members, **facts
    )
    return write_archive({**_sealed(manifest, "", transport), **members})


def revise(
    bundle: bytes,
    *,
    made: datetime,
    note: str,
    deposits: Sequence[Deposit] = (),
    attachments: Sequence[Attachment] = (),
    transport: Transport | None = None,
) -> bytes:
    """Add a revision to a bundle, without changing anything that it holds.

    Parameters
    ----------
    bundle : bytes
        Made by `build` or `revise`.
    made : datetime
        Time that the revision states.
    note : str
        What the revision adds, and why.
    deposits : sequence of Deposit
    attachments : sequence of Attachment
    transport : callable, optional
        Asks a time-stamp authority to stamp the revision's manifest.

    Returns
    -------
    bytes
        The bundle with one more revision.

    Raises
    ------
    BundleError
        If `bundle` is not a bundle.
    """
    members = read_archive(bundle)
    if MANIFEST not in members:
        raise BundleError(f"want a bundle, got an archive without {MANIFEST}")
    number, newest = 2, MANIFEST
    while (later := f"revisions/{number}/{MANIFEST}") in members:
        number, newest = number + 1, later
    folder = f"revisions/{number}/"
    held, tokens = _deposits(deposits, folder)
    attached, contents = _attached(attachments, folder)
    added = tokens | contents
    manifest = manifest_of(
        made=made,
        revision=number,
        previous=sha256(members[newest]),
        members=added,
        note=note,
        deposits=held,
        material=attached,
    )
    return write_archive({**members, **_sealed(manifest, folder, transport), **added})


def seal_of(manifest: bytes) -> bytes:
    """Return the digest of a manifest in the format of sha256sum."""
    return f"{sha256(manifest)}  {MANIFEST}\n".encode()


def _reference(
    snapshot: Snapshot, reference_id: str, original: bytes | None, boxes: Sequence[Box]
) -> Fingerprint:
    if original is None or not boxes:
        return snapshot.fingerprint(reference_id)
    return fingerprint(redacted(original, boxes), role=Role.REFERENCE)


def _check_examined(
    examination: Examination, suspect: bytes, record: Record, originals: int
) -> None:
    """Raise InputError unless the examination is of this pair and this registry."""
    wanted = (record.sha256, sha256(suspect), originals)
    of = examination
    if (got := (of.reference.sha256, of.query.sha256, of.pairs)) != wanted:
        raise InputError(
            "want an examination of the original {}, the suspect {} and {} originals, "
            "got {}, {} and {}".format(*wanted, *got)
        )


def _suffix(data: bytes) -> str:
    kind = decode(data, long_side=1).format.lower()
    return {"jpeg": "jpg", "tiff": "tif"}.get(kind, kind)


def _deposits(
    held: Iterable[Deposit], folder: str = ""
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the manifest entries of deposits, and their tokens by member name."""
    entries, tokens = [], {}
    for number, one in enumerate(held, start=1):
        member = None if one.token is None else f"{folder}deposits/{number}.tsr"
        entries.append({**one.to_dict(), "member": member})
        if member and one.token is not None:
            tokens[member] = one.token
    return entries, tokens


def _attached(
    attachments: Iterable[Attachment], folder: str = ""
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the manifest entries of attachments, and their files by member name."""
    entries, contents = [], {}
    for number, one in enumerate(attachments, start=1):
        member = None if one.content is None else f"{folder}material/{number}.bin"
        entries.append({**one.material.to_dict(), "member": member})
        if member and one.content is not None:
            contents[member] = one.content
    return entries, contents


def _sealed(
    manifest: dict[str, Any], folder: str, transport: Transport | None
) -> dict[str, bytes]:
    """Return the manifest, its digest and, given a transport, its time stamp."""
    data = canonical(manifest)
    members = {folder + MANIFEST: data, folder + SEAL: seal_of(data)}
    if transport is not None:
        members[folder + TOKEN] = stamp(data, transport)
    return members
