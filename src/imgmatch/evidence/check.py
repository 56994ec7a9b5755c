"""Check a bundle with only its bytes and root certificates."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imgmatch.errors import BundleError, ImgmatchError
from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.bundle import MANIFEST, SEAL, TOKEN, seal_of
from imgmatch.evidence.canonical import canonical, sha256
from imgmatch.evidence.check_report import (
    ARCHIVE,
    VERDICT,
    CheckReport,
    CheckResult,
    State,
)
from imgmatch.evidence.manifest import FORMAT
from imgmatch.evidence.recompute import recompute
from imgmatch.evidence.tokens import TokenChecker, check_token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["check_bundle"]


def check_bundle(bundle: bytes, *, roots: Sequence["Certificate"] = ()) -> CheckReport:
    """Check every digest and token of a bundle, and compute its verdict again.

    Parameters
    ----------
    bundle : bytes
    roots : sequence of cryptography.x509.Certificate
        Root certificates that tokens must lead to. Without any, tokens stay unchecked.

    Returns
    -------
    CheckReport
        It names every changed member. Without a token for the manifest, the check
        cannot tell if somebody made the whole bundle again.

    Raises
    ------
    UnsafeBundleError
        If the archive is not safe to unpack.
    BundleError
        If `bundle` is not a bundle, or a member is missing or in no manifest.
    """
    members = read_archive(bundle)
    manifests = _manifests(members)
    _check_complete(members, manifests)
    try:
        return _report(bundle, members, manifests, roots)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"no imgmatch wrote this manifest: {error!r}") from error


_Manifest = dict[str, Any] | None


def _report(
    bundle: bytes,
    members: Mapping[str, bytes],
    manifests: list[tuple[str, _Manifest]],
    roots: Sequence["Certificate"],
) -> CheckReport:
    checks: list[CheckResult] = []
    before: str | None = None
    original = (manifests[0][1] or {}).get("reference", {}).get("sha256")
    tokens = TokenChecker(members, original, roots)
    for folder, manifest in manifests:
        checks += _sealing(members, folder, manifest, before, roots)
        if manifest is not None:
            checks += _digests(members, manifest)
            checks += tokens.check(manifest)
        before = sha256(members[folder + MANIFEST])
    whole = not any(one.state is State.FAILS for one in checks)
    if whole and write_archive(members) != bundle:
        reason = "bytes outside of the members were changed"
        checks.append(CheckResult(ARCHIVE, State.FAILS, reason))
        whole = False
    if not whole:
        reason = "not made again: the bundle is not as it was made"
        checks.append(CheckResult(VERDICT, State.UNCHECKED, reason))
        return CheckReport(tuple(checks), None)
    again, comparison = recompute(members, manifests[0][1] or {})
    return CheckReport((*checks, *again), comparison)


def _manifests(members: Mapping[str, bytes]) -> list[tuple[str, _Manifest]]:
    """Return folder and manifest of each revision; None for an unreadable manifest."""
    if MANIFEST not in members:
        raise BundleError(f"want a bundle, got an archive without {MANIFEST}")
    found = [("", _parsed(members[MANIFEST]))]
    while (folder := f"revisions/{len(found) + 1}/") + MANIFEST in members:
        found.append((folder, _parsed(members[folder + MANIFEST])))
    return found


def _parsed(data: bytes) -> _Manifest:
    """Read a manifest; return None if imgmatch cannot have written these bytes."""
    try:
        manifest = json.loads(data)
        digests = [(e["sha256"], e["bytes"]) for e in manifest["members"].values()]
        known = manifest["format"] == FORMAT and all(digests)
        deposits = [(d["member"], d["renews"]) for d in manifest["deposits"]]
        whole = known and canonical(manifest) == data and deposits is not None
    except (ImgmatchError, ValueError, KeyError, TypeError, AttributeError):
        return None
    except RecursionError:  # brackets nested too deeply
        return None
    return manifest if whole else None


def _check_complete(
    members: Mapping[str, bytes], manifests: list[tuple[str, _Manifest]]
) -> None:
    for folder, manifest in manifests:
        data, seal = members[folder + MANIFEST], members.get(folder + SEAL)
        if manifest is None or seal not in (None, seal_of(data)):
            return  # a changed manifest cannot say which members to expect
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
) -> Iterator[CheckResult]:
    """Check a manifest against its digest, its token and the revision before."""
    data, name, seal = members[folder + MANIFEST], folder + MANIFEST, folder + SEAL
    token = members.get(folder + TOKEN)
    stamped = None
    if token is not None:
        stamped, _ = check_token(folder + TOKEN, token, data, roots)
    if stamped is not None:
        yield stamped
    if manifest is None:
        yield CheckResult(name, State.FAILS, "it is not as imgmatch writes manifests")
        return
    if members.get(seal) != seal_of(data):
        yield CheckResult(seal, State.FAILS, f"it is not the digest of {name}")
        if stamped is None or stamped.state is not State.HOLDS:
            reason = f"its digest is not the one in {seal}: one of them was changed"
            yield CheckResult(name, State.FAILS, reason)
    elif manifest["previous"] != before:
        yield CheckResult(name, State.FAILS, "it does not follow the revision before")
    else:
        yield CheckResult(name, State.HOLDS, "as sealed")


def _digests(
    members: Mapping[str, bytes], manifest: dict[str, Any]
) -> Iterator[CheckResult]:
    for name, entry in manifest["members"].items():
        if name not in members:
            yield CheckResult(name, State.FAILS, "missing")
        elif sha256(members[name]) != entry["sha256"]:
            yield CheckResult(name, State.FAILS, "changed: its SHA-256 is another")
        else:
            yield CheckResult(name, State.HOLDS, "its SHA-256 is the manifest's")
