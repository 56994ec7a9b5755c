"""Check a bundle with nothing but its bytes and root certificates."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from imgmatch.compare import compare_fingerprints
from imgmatch.errors import BundleError, ImgmatchError, TokenError
from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.bundle import MANIFEST, SEAL, TOKEN
from imgmatch.evidence.canonical import canonical, sha256
from imgmatch.evidence.compared import read_reference
from imgmatch.evidence.manifest import FORMAT, parameters, software
from imgmatch.evidence.timestamp import verify_token
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.types import Comparison, Size

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Checked", "Report", "State", "verify"]

SCORE_TOLERANCE = 0.05
"""By which a score may differ between machines: their last bits do."""

_ARCHIVE = "archive"
_VERDICT = "verdict"


class State(StrEnum):
    """What came of looking at one thing."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at.

    Attributes
    ----------
    subject : str
        A member's name, ``archive`` or ``verdict``.
    state : State
    reason : str
    """

    subject: str
    state: State
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What came of checking a bundle.

    Attributes
    ----------
    checks : tuple of Checked
    comparison : Comparison or None
        As it came out now; None if it could not be made again.
    """

    checks: tuple[Checked, ...]
    comparison: Comparison | None

    @property
    def failures(self) -> list[Checked]:
        """What does not hold."""
        return [one for one in self.checks if one.state is State.FAILS]

    @property
    def holds(self) -> bool:
        """Whether nothing fails; something may be unchecked."""
        return not self.failures


def verify(bundle: bytes, *, roots: Sequence["Certificate"] = ()) -> Report:
    """Check every digest and token, and make the verdict again.

    Parameters
    ----------
    bundle : bytes
    roots : sequence of cryptography.x509.Certificate
        Those that tokens must lead to; without any, tokens stay unchecked.

    Returns
    -------
    Report
        Every changed member by its name. Without a token over the manifest, nothing
        shows that the bundle was not made anew as a whole.

    Raises
    ------
    UnsafeBundleError
        If the archive must not be unpacked.
    BundleError
        If it is no bundle, or a member is missing or too many.
    """
    members = read_archive(bundle)
    manifests = _manifests(members)
    _check_complete(members, manifests)
    checks: list[Checked] = []
    before: str | None = None
    for folder, manifest in manifests:
        checks += _sealing(members, folder, manifest, before, roots)
        if manifest is not None:
            checks += _digests(members, manifest)
            checks += _tokens(members, manifest, manifests[0][1], roots)
        before = sha256(members[folder + MANIFEST])
    comparison = None
    if not any(one.state is State.FAILS for one in checks):
        if write_archive(members) != bundle:
            reason = "bytes outside of the members were changed"
            checks.append(Checked(_ARCHIVE, State.FAILS, reason))
        verdict, comparison = _verdict(members, manifests[0][1] or {})
        checks.append(verdict)
    else:
        reason = "not made again: what it rests on was changed"
        checks.append(Checked(_VERDICT, State.UNCHECKED, reason))
    return Report(tuple(checks), comparison)


_Manifest = dict[str, Any] | None


def _manifests(members: Mapping[str, bytes]) -> list[tuple[str, _Manifest]]:
    """Return the folder and the manifest of each revision, None if unreadable."""
    if MANIFEST not in members:
        raise BundleError(f"want a bundle, got an archive without {MANIFEST}")
    found = [("", _parsed(members[MANIFEST]))]
    while (folder := f"revisions/{len(found) + 1}/") + MANIFEST in members:
        found.append((folder, _parsed(members[folder + MANIFEST])))
    return found


def _parsed(data: bytes) -> _Manifest:
    """Read a manifest; None if no imgmatch wrote these bytes."""
    try:
        manifest = json.loads(data)
        digests = [(e["sha256"], e["bytes"]) for e in manifest["members"].values()]
        known = manifest["format"] == FORMAT and all(digests)
        deposits = [(d["member"], d["renews"]) for d in manifest["deposits"]]
        whole = known and canonical(manifest) == data and deposits is not None
    except (ImgmatchError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return manifest if whole else None


def _check_complete(
    members: Mapping[str, bytes], manifests: list[tuple[str, _Manifest]]
) -> None:
    if any(manifest is None for _, manifest in manifests):
        return  # which members there should be is not known
    wanted: set[str] = set()
    for folder, manifest in manifests:
        named = set((manifest or {})["members"])
        if missing := sorted({*named, folder + SEAL} - set(members)):
            raise BundleError(f"the manifest names {missing[0]}, which is missing")
        wanted |= named | {folder + name for name in (MANIFEST, SEAL, TOKEN)}
    if extra := sorted(set(members) - wanted):
        raise BundleError(f"no manifest names {extra[0]}")


def _sealing(
    members: Mapping[str, bytes],
    folder: str,
    manifest: _Manifest,
    before: str | None,
    roots: Sequence["Certificate"],
) -> Iterator[Checked]:
    """Check a manifest against its digest, its token, and the revision before."""
    data, name, seal = members[folder + MANIFEST], folder + MANIFEST, folder + SEAL
    token = members.get(folder + TOKEN)
    stamped = None if token is None else _token(folder + TOKEN, token, data, roots)
    if stamped is not None:
        yield stamped
    if manifest is None:
        yield Checked(name, State.FAILS, "it is not as imgmatch writes manifests")
        return
    expected = f"{sha256(data)}  {MANIFEST}\n".encode()
    if members.get(seal) != expected:
        yield Checked(seal, State.FAILS, f"it is not the digest of {name}")
        if stamped is None or stamped.state is not State.HOLDS:
            reason = f"its digest is not the one in {seal}: one of them was changed"
            yield Checked(name, State.FAILS, reason)
    elif manifest["previous"] != before:
        yield Checked(name, State.FAILS, "it does not follow the revision before")
    else:
        yield Checked(name, State.HOLDS, "as sealed")


def _digests(
    members: Mapping[str, bytes], manifest: dict[str, Any]
) -> Iterator[Checked]:
    for name, entry in manifest["members"].items():
        if name not in members:
            yield Checked(name, State.FAILS, "missing")
        elif sha256(members[name]) != entry["sha256"]:
            yield Checked(name, State.FAILS, "changed: its SHA-256 is another")
        else:
            yield Checked(name, State.HOLDS, "its SHA-256 is the manifest's")


def _tokens(
    members: Mapping[str, bytes],
    manifest: dict[str, Any],
    first: _Manifest,
    roots: Sequence["Certificate"],
) -> Iterator[Checked]:
    """Check the deposits' tokens.

    The file that they stamp need not be in the bundle: a token over a file holds the
    file's digest, and a renewal stamps a token that is in the bundle.
    """
    known = {sha256(data): data for data in members.values()}
    original = (first or {}).get("reference", {}).get("sha256")
    for entry in manifest["deposits"]:
        member = entry["member"]
        if member is None or member not in members:
            continue
        digest = entry["renews"] or entry["sha256"]
        if entry["renews"] is None and entry["sha256"] != original:
            reason = "the deposit is of another file than the original"
            yield Checked(member, State.FAILS, reason)
        elif digest not in known and entry["renews"] is not None:
            reason = "the token that it renews is not in the bundle"
            yield Checked(member, State.UNCHECKED, reason)
        else:
            yield _token(member, members[member], known.get(digest, digest), roots)


def _token(
    name: str, token: bytes, data: bytes | str, roots: Sequence["Certificate"]
) -> Checked:
    if not roots:
        reason = "no root certificate was named"
        return Checked(name, State.UNCHECKED, reason)
    try:
        stamp = verify_token(token, data, roots)
    except TokenError as error:
        return Checked(name, State.FAILS, str(error))
    reason = f"stamped {stamp.at.isoformat()} by {stamp.authority}"
    return Checked(name, State.HOLDS, reason)


def _verdict(
    members: Mapping[str, bytes], manifest: dict[str, Any]
) -> tuple[Checked, Comparison | None]:
    """Make the verdict again, of the very bytes in the bundle."""
    if manifest["parameters"] != json.loads(canonical(parameters())):
        reason = (
            "made with other parameters than this imgmatch has: check it with "
            f"imgmatch {manifest['software']['imgmatch']}"
        )
        return Checked(_VERDICT, State.UNCHECKED, reason), None
    entry, stated = manifest["reference"], manifest["result"]
    try:
        query = fingerprint(members[manifest["suspect"]["member"]], role=Role.QUERY)
        references = [
            read_reference(members, sha256=entry["sha256"], size=Size(*entry["size"]))
        ]
        if entry["copy"] == "exact":
            exact = members[entry["copy_member"]]
            references.append(fingerprint(exact, role=Role.REFERENCE))
    except ImgmatchError as error:
        return Checked(_VERDICT, State.FAILS, str(error)), None
    found = [_compared(one, query, manifest) for one in references]
    for one in found:
        if reason := _differs(one, stated):
            reason += f" (made with {manifest['software']}, now {software()})"
            return Checked(_VERDICT, State.FAILS, reason), one
    words = f"{found[0].verdict} again, score {stated['score']}"
    return Checked(_VERDICT, State.HOLDS, words), found[0]


def _compared(
    reference: Fingerprint, query: Fingerprint, manifest: dict[str, Any]
) -> Comparison:
    pairs = manifest["registry"]["originals"]
    return compare_fingerprints(reference, query, pairs=pairs)


def _differs(found: Comparison, stated: Mapping[str, Any]) -> str:
    """Say how a comparison differs from what was stated, if it does."""
    now = found.to_dict()
    for name in ("verdict", "direction", "mirrored"):
        if now[name] != stated[name]:
            return f"{name}: {stated[name]} was stated, {now[name]} comes out"
    before, after = stated["score"], now["score"]
    if (before is None) != (after is None):
        return f"score: {before} was stated, {after} comes out"
    if before is not None and abs(before - after) > SCORE_TOLERANCE:
        return f"score: {before} was stated, {after} comes out"
    return ""
