"""Draft a complaint, or refuse to if the evidence does not support it.

A careless complaint harms the accused. It also harms the owner, whose next complaint
may be right. So a draft says only what the bundle shows, and a named human answers
for it.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imgmatch.errors import CaseError, ClaimError, InputError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import MANIFEST
from imgmatch.evidence.canonical import instant, sha256
from imgmatch.evidence.case import Case, CaseState, get_case
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licence import licence_for
from imgmatch.evidence.page_content import LANGUAGES
from imgmatch.evidence.rates import success_rate
from imgmatch.results import Direction

__all__ = ["Complaint", "draft"]

_KIND = "draft"
_OPEN = (CaseState.INTAKE, CaseState.REVIEWED)
"""States in which a complaint may be drafted."""

_TEXTS = {
    ("en", ClaimKind.PICTURE): """\
Complaint about a picture: case {case_id}

The listing {listing} shows the registered photograph {reference_id} itself, the same
exposure. The evidence bundle with SHA-256 {bundle} shows where and how, states how sure
that is, and can be checked by anybody.

{deposits}
The finding is about pixels. It does not say who took the photograph: that is for the
owner's own material to show.

Read and confirmed by {confirmed_by} on {at}.
""",
    ("en", ClaimKind.OVERLAY): """\
Complaint about a mark: case {case_id}

The listing {listing} shows a mark, banner or page that the registered picture
{reference_id} shows too. The photograph is another one, and no claim is made about it.
The evidence bundle with SHA-256 {bundle} shows what is shared and where.

{deposits}
Read and confirmed by {confirmed_by} on {at}.
""",
    ("zh", ClaimKind.PICTURE): """\
图片投诉：案件 {case_id}

商品 {listing} 展示的就是登记照片 {reference_id} 本身，即同一次拍摄。
证据包（SHA-256：{bundle}）说明了位置、方式与把握程度，任何人均可核验。

{deposits}
以上结论只针对像素，不说明照片由谁拍摄；这须由权利人自己的材料证明。

由 {confirmed_by} 于 {at} 阅读并确认。
""",
    ("zh", ClaimKind.OVERLAY): """\
标识投诉：案件 {case_id}

商品 {listing} 中出现了登记图片 {reference_id} 上的水印、横幅或页面。
照片本身并不相同，本投诉不针对照片。
证据包（SHA-256：{bundle}）说明了共用的内容及其位置。

{deposits}
由 {confirmed_by} 于 {at} 阅读并确认。
""",
}
_DEPOSITS = {
    "en": "{count} deposits are in the bundle, the earliest of {first}. A time shows "
    "that a\nfile existed by then, not who made it.\n",
    "zh": "证据包内有 {count} 份存证，最早的为 {first}。时间只证明文件当时已经存在，"
    "不证明作者是谁。\n",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """A draft that a named human has confirmed.

    Attributes
    ----------
    case_id : str
    claim : ClaimKind
    text : str
    confirmed_by : str
    """

    case_id: str
    claim: ClaimKind
    text: str
    confirmed_by: str


def draft(
    ledger: Ledger,
    case_id: str,
    bundle: bytes,
    *,
    claim: ClaimKind,
    confirmed_by: str,
    at: datetime,
    language: str = "en",
    floor: float | None = None,
    override: str = "",
) -> Complaint:
    """Draft a complaint and record the draft in the ledger.

    Parameters
    ----------
    ledger : Ledger
    case_id : str
    bundle : bytes
        Evidence bundle of the case.
    claim : ClaimKind
        Kind of claim; it must be the kind that the bundle supports.
    confirmed_by : str
        Name of the human who has looked at the evidence and answers for the draft.
    at : datetime
    language : str
        ``en`` or ``zh``.
    floor : float, optional
        Success rate of the owner's decided complaints below which none is drafted.
    override : str
        Reason to draft a complaint below the floor; the ledger records it.

    Returns
    -------
    Complaint

    Raises
    ------
    ClaimError
        If the bundle does not support the claim, or does not hold; if the use is
        licensed; if the suspect shows more than the registered file; if the owner's
        rate is below the floor and there is no `override`; if no human is named.
    CaseError
        If the case is not in a state in which a complaint is drafted.
    InputError
        If the language is another one.
    """
    if language not in LANGUAGES:
        raise InputError(f"want {' or '.join(LANGUAGES)}, got {language!r}")
    case = get_case(ledger, case_id)
    if case.state not in _OPEN:
        raise CaseError(f"the case {case_id} is {case.state}: nothing to draft")
    if not any(letter.isalpha() for letter in confirmed_by):
        raise ClaimError("want the name of the human who confirms, got none")
    manifest = _checked(case, bundle, claim)
    deposits = [one["at"] for one in manifest["deposits"] if one["verified"]]
    work = manifest["reference"]["work"]
    licence = licence_for(
        ledger, owner=case.owner, seller=case.seller, work=work, at=at
    )
    if licence is not None:
        raise ClaimError(f"the use is licensed: {licence.licence_id}")
    if floor is not None and not override.strip():
        rate = success_rate(ledger, case.owner)
        if rate.value is not None and rate.value < floor:
            raise ClaimError(
                f"{rate.upheld} of {rate.decided} complaints were upheld "
                f"({rate.low:.2f} to {rate.high:.2f}), below the floor of {floor}: "
                "want a reason to draft one all the same"
            )
    times = {"count": len(deposits), "first": min(deposits, default="")}
    text = _TEXTS[language, claim].format(
        case_id=case_id,
        listing=case.listing,
        reference_id=case.reference_id,
        bundle=case.bundle,
        deposits=_DEPOSITS[language].format(**times) if deposits else "",
        confirmed_by=confirmed_by,
        at=instant(at),
    )
    content = {
        "subject": case_id,
        "owner": case.owner,
        "listing": case.listing,
        "claim": str(claim),
        "confirmed_by": confirmed_by,
        "override": override,
        "text_sha256": sha256(text.encode()),
    }
    ledger.append(_KIND, content, at=at)
    return Complaint(case_id, claim, text, confirmed_by)


def _checked(case: Case, bundle: bytes, claim: ClaimKind) -> dict[str, Any]:
    """Return the bundle's manifest; raise ClaimError unless it supports the claim."""
    if sha256(bundle) != case.bundle:
        raise ClaimError(f"want the bundle {case.bundle} of the case, got another")
    report = check_bundle(bundle)
    if not report.holds or report.comparison is None:
        raise ClaimError("the bundle does not hold, or its verdict was not made again")
    manifest: dict[str, Any] = json.loads(read_archive(bundle)[MANIFEST])
    if claim is ClaimKind.NONE or manifest["claim"] != claim:
        raise ClaimError(
            f"the verdict is {report.comparison.verdict}: it bears a claim of kind "
            f"{manifest['claim']!r}, want {str(claim)!r}"
        )
    if manifest["licence"] is not None:
        raise ClaimError(f"the use is licensed: {manifest['licence']['licence_id']}")
    if report.comparison.direction is Direction.CONTRADICTS:
        raise ClaimError("the suspect shows more than the registered file")
    return manifest
