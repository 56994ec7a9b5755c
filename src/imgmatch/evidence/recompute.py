"""Compute a bundle's verdict, figures and pages again from its bytes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from imgmatch.errors import ImgmatchError
from imgmatch.evidence.canonical import canonical
from imgmatch.evidence.check_report import VERDICT, CheckResult, State
from imgmatch.evidence.claim import claim_kind
from imgmatch.evidence.manifest import parameters, result_of, software
from imgmatch.evidence.reference_files import read_reference, write_reference
from imgmatch.evidence.render import render_members
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.pair.compare import Examination, examine_pair
from imgmatch.results import Comparison
from imgmatch.types import Size

__all__ = ["recompute"]

MAX_RESULT_DIFFERENCE = 0.05
"""Largest difference between a stated and a computed number that still passes.

It is absolute up to 1, and a fraction of the stated number above. Machines differ in
the last bits, and by one window that agrees or does not."""


def recompute(
    members: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> tuple[list[CheckResult], Comparison | None]:
    """Compare the suspect with the reference again, and draw the pages again.

    Parameters
    ----------
    members : mapping of str to bytes
        Members whose digests hold.
    manifest : mapping
        Manifest of the first revision.

    Returns
    -------
    checks : list of Checked
        The verdict first, then each figure and page.
    comparison : Comparison or None
        None if this imgmatch cannot make the comparison.
    """
    if manifest["parameters"] != json.loads(canonical(parameters())):
        reason = (
            "made with other parameters than this imgmatch has: check it with "
            f"imgmatch {manifest['software']['imgmatch']}"
        )
        return [CheckResult(VERDICT, State.UNCHECKED, reason)], None
    try:
        query = fingerprint(members[manifest["suspect"]["member"]], role=Role.QUERY)
        reference = _reference(members, manifest)
        examination = _examined(reference, query, manifest)
        problem = _problem(manifest, examination)
        exact = _exact(members, manifest)
        if exact is not None and write_reference(exact) != write_reference(reference):
            # Another encoder may have reduced the original differently.
            again = _problem(manifest, _examined(exact, query, manifest))
            problem = problem or (again and f"of the original itself: {again}")
    except ImgmatchError as error:
        return [CheckResult(VERDICT, State.FAILS, str(error))], None
    found = examination.comparison
    if problem:
        problem += f" (made with {manifest['software']}, now {software()})"
        return [CheckResult(VERDICT, State.FAILS, problem)], found
    words = f"{found.verdict} again, score {manifest['result']['score']}"
    verdict = CheckResult(VERDICT, State.HOLDS, words)
    return [verdict, *_pages(members, manifest, examination)], found


def _reference(
    members: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> Fingerprint:
    entry = manifest["reference"]
    size = Size(*entry["size"])
    return read_reference(members, sha256=entry["sha256"], size=size)


def _exact(
    members: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> Fingerprint | None:
    """Fingerprint the original's own file; return None if the bundle has none."""
    entry = manifest["reference"]
    if entry["copy"] != "exact":
        return None
    return fingerprint(members[entry["copy_member"]], role=Role.REFERENCE)


def _examined(
    reference: Fingerprint, query: Fingerprint, manifest: Mapping[str, Any]
) -> Examination:
    return examine_pair(
        reference,
        query,
        pairs=manifest["registry"]["originals"],
        derived_score=manifest["derived_score"],
    )


def _problem(manifest: Mapping[str, Any], examination: Examination) -> str:
    """Describe the first difference from the manifest; return "" if there is none."""
    claim = str(claim_kind(examination.comparison.verdict))
    if manifest["claim"] != claim:
        return f"claim: {manifest['claim']} was stated, {claim} comes out"
    return next(_differences("", manifest["result"], result_of(examination)), "")


def _differences(name: str, stated: Any, now: Any) -> Iterator[str]:
    """Describe where two results differ by more than `MAX_RESULT_DIFFERENCE`."""
    if isinstance(stated, dict) and isinstance(now, dict) and set(stated) == set(now):
        for key in sorted(set(stated) - {"reason"}):  # its words count windows
            yield from _differences(f"{name}.{key}", stated[key], now[key])
    elif isinstance(stated, list) and isinstance(now, list) and len(stated) == len(now):
        for at, (before, after) in enumerate(zip(stated, now, strict=True)):
            yield from _differences(f"{name}.{at}", before, after)
    elif _is_number(stated) and _is_number(now):
        if abs(stated - now) > MAX_RESULT_DIFFERENCE * max(1.0, abs(stated)):
            yield f"{name[1:]}: {stated} was stated, {now} comes out"
    elif stated != now:
        yield f"{name[1:]}: {stated} was stated, {now} comes out"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pages(
    members: Mapping[str, bytes],
    manifest: Mapping[str, Any],
    examination: Examination,
) -> Iterator[CheckResult]:
    """Draw figures and pages again and compare them with the members.

    So a page cannot say what the manifest does not.
    """
    names = [n for n in members if n.startswith(("figures/", "page."))]
    same_result = manifest["result"] == json.loads(canonical(result_of(examination)))
    if manifest["software"] != software() or not same_result:
        reason = "other software, or another machine, draws it otherwise"
        yield from (CheckResult(name, State.UNCHECKED, reason) for name in names)
        return
    drawn = render_members(manifest, members, examination)
    for name in sorted({*names, *drawn}):
        if members.get(name) == drawn.get(name):
            yield CheckResult(name, State.HOLDS, "drawn again the same")
        else:
            yield CheckResult(
                name, State.FAILS, "it does not come out so when drawn again"
            )
