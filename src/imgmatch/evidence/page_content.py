"""Turn a manifest into the content of its page, for any output format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.depositing import Clock, Unverified
from imgmatch.evidence.material import Check, CheckOutcome, MaterialKind, Party
from imgmatch.evidence.precedence import Priority
from imgmatch.evidence.texts import CHINESE_EDITS, WORDS
from imgmatch.results import Comparison, Verdict
from imgmatch.show.words import describe_edits

__all__ = ["LANGUAGES", "Facts", "Figures", "PageContent", "Section", "content_of"]

LANGUAGES: Final = {"en": "en", "zh": "zh-Hans"}
"""Languages of the pages, with their BCP 47 tags."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A table of labels and values."""

    rows: list[tuple[str, str]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures side by side: name and caption of each."""

    figures: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the blocks below it. A string is a paragraph."""

    title: str
    blocks: list[str | Facts | Figures]


@dataclass(frozen=True, slots=True)
class PageContent:
    """Content of a page.

    Attributes
    ----------
    language : str
        A key of `LANGUAGES`.
    title, made : str
    verdict : Verdict
    headline : str
        The verdict in words.
    summary : list of str
        Paragraphs below the headline, for a reader in a hurry.
    sections : list of Section
    page : str
        Format of page numbers: ``Page {0}``.
    """

    language: str
    title: str
    made: str
    verdict: Verdict
    headline: str
    summary: list[str]
    sections: list[Section]
    page: str


def content_of(
    manifest: Mapping[str, Any], found: Comparison, language: str
) -> PageContent:
    """Describe a manifest for a reader who knows nothing of the software.

    Parameters
    ----------
    manifest : mapping
    found : Comparison
        Comparison that the manifest describes.
    language : str
        A key of `LANGUAGES`.

    Returns
    -------
    PageContent
    """
    words = WORDS[language]
    summary = [words["claim"][ClaimKind(manifest["claim"])]]
    if manifest["licence"]:
        summary.append(words["licensed"].format(**manifest["licence"]))
    if manifest["suspect"]["redacted"] or manifest["reference"]["redacted"]:
        summary.append(words["redacted"])
    sections = [
        Section(words["found"], _found(words, manifest, found, language)),
        Section(words["compared"], _compared(words, manifest, found)),
        Section(words["see"], _see(words, found)),
        Section(words["sure"], _sure(words, manifest, found)),
        Section(words["times"], _times(words, manifest)),
        Section(words["material"], _material(words, manifest)),
        Section(words["limits"], [words["limits_text"]]),
        Section(words["check"], _check(words, manifest)),
    ]
    return PageContent(
        language,
        words["title"],
        words["by"].format(**manifest["software"] | {"made": manifest["made"]}),
        found.verdict,
        words["verdict"][found.verdict],
        summary,
        [section for section in sections if section.blocks],
        words["page"],
    )


_Words = Mapping[str, Any]
_Blocks = list[str | Facts | Figures]


def _compared(words: _Words, manifest: Mapping[str, Any], found: Comparison) -> _Blocks:
    reference, listing = manifest["reference"], manifest["listing"]
    size = words["pixels"].format
    original = [
        *_given(words, reference, "reference_id", "owner", "work"),
        *_given(words, reference, "registered", "published"),
        (words["size"], size(*found.reference_size)),
        (words["sha256"], reference["sha256"]),
    ]
    suspect = [
        *_given(words, listing, "url", "listing_id", "seller", "fetched", "first_seen"),
        (words["size"], size(*found.query_size)),
        (words["sha256"], manifest["suspect"]["sha256"]),
    ]
    return [
        Facts(original, words["original"]),
        Facts(suspect, words["suspect"]),
        words["as_stated"],
    ]


def _found(
    words: _Words, manifest: Mapping[str, Any], found: Comparison, language: str
) -> _Blocks:
    accused = found.verdict in (Verdict.DERIVED, Verdict.REVIEW)
    kind = "_caption" if accused else "_plain"
    if found.verdict is Verdict.SHARED_OVERLAY:
        kind = "_shared"
    figures = [(name, words[name + kind]) for name in ("original", "suspect")]
    blocks: _Blocks = [Figures(figures)]
    evidence = manifest["result"]["evidence"]
    if evidence is not None:
        counts = {name: f"{value:.0f}" for name, value in evidence.items()}
        blocks.append(words["windows"].format(**counts))
    if accused:
        rows = [
            (words["edits"], _edits(found, language)),
            (words["kept"], f"{100 * found.reference_kept:.0f} %"),
            (words["covered"], f"{100 * found.query_covered:.0f} %"),
            (words["direction"], words["directions"][found.direction]),
        ]
        blocks.append(Facts([row for row in rows if row[1]]))
    return blocks


def _edits(found: Comparison, language: str) -> str:
    if language == "en":
        return ", ".join(describe_edits(found))
    kinds = dict.fromkeys(edit.kind for edit in found.edits)
    phrases = []
    for kind in kinds:
        edits = [edit for edit in found.edits if edit.kind is kind]
        amount = edits[0].amount or 0.0
        phrases.append(
            CHINESE_EDITS[kind].format(
                amount=amount, percent=100 * amount, count=len(edits)
            )
        )
    return "、".join(phrases)


def _see(words: _Words, found: Comparison) -> _Blocks:
    if found.homography is None:
        return []
    names = ("agreement", "warped", "difference")
    return [Figures([(name, words[f"{name}_caption"]) for name in names])]


def _sure(words: _Words, manifest: Mapping[str, Any], found: Comparison) -> _Blocks:
    result = manifest["result"]
    if result["score"] is None:
        return [words["no_false"]]
    rows = [(words["score"], f"{result['score']:.1f}")]
    notes = [words["score_note"].format(derived=manifest["derived_score"])]
    if found.expected_false_accusations is None:
        notes.append(words["no_false"])
    else:
        bound = _bound(words, found.expected_false_accusations)
        rows.append((words["false_accusations"], bound))
        constants = manifest["parameters"]["constants"]["imgmatch.pair.decision"]
        note = words["false_note"].format(
            originals=manifest["registry"]["originals"],
            pairs=f"{round(3 / constants['FALSE_RATE']):,}",  # by the rule of three
            floor=constants["FALSE_SCORE"],
        )
        notes.append(note)
    return [Facts(rows), *notes]


def _bound(words: _Words, expected: float) -> str:
    """Write an expected number; write a small one as one in so many."""
    if expected >= 0.5:
        return f"< {expected:.1f}"
    size = 10 ** max(len(str(int(1 / expected))) - 2, 0)
    return str(words["one_in"].format(f"{int(1 / expected) // size * size:,}"))


def _times(words: _Words, manifest: Mapping[str, Any]) -> _Blocks:
    blocks: _Blocks = []
    for number, one in enumerate(manifest["deposits"], start=1):
        when = "deposited" if one["verified"] else "stated_time"
        rows = [
            (words[when], one["at"]),
            *_given(words, one, "authority", "depositor", "work"),
        ]
        rows += [
            (words["clock"][clock], one[f"{clock}_expires"])
            for clock in Clock
            if one[f"{clock}_expires"]
        ]
        if one["renews"]:
            rows.append(
                (words["renewal"], words["renewal_of"].format(one["renews"][:12]))
            )
        blocks.append(Facts(rows, words["deposit"].format(number=number)))
        blocks.append(
            words["verified"]
            if one["verified"]
            else words["unverified"][Unverified(one["reason"])]
        )
    if not blocks:
        return [words["no_deposit"]]
    blocks.append(words["priority"][Priority(manifest["priority"])])
    before = Priority(manifest["before_publication"])
    if before is not Priority.UNKNOWN:
        blocks.append(words["before_publication"][before])
    return [*blocks, words["existence"]]


def _material(words: _Words, manifest: Mapping[str, Any]) -> _Blocks:
    rows = []
    for one in manifest["material"]:
        party = words["party"][Party(one["party"])]
        label = f"{words['kind'][MaterialKind(one['kind'])]} ({party})"
        parts = [
            f"{words['checks'][Check(finding['check'])]}{words['colon']}"
            f"{words['outcome'][CheckOutcome(finding['outcome'])]}"
            for finding in one["findings"]
        ]
        parts.append(words["attached" if one["member"] else "digest_only"])
        parts.append(f"SHA-256 {one['sha256'][:16]}…")
        rows.append((label, words["semicolon"].join(parts)))
    return [Facts(rows)] if rows else [words["no_material"]]


def _check(words: _Words, manifest: Mapping[str, Any]) -> _Blocks:
    copy = words[f"copy_{manifest['reference']['copy']}"]
    versions = ", ".join(f"{name} {v}" for name, v in manifest["software"].items())
    registry = words["registry_value"].format(**manifest["registry"])
    return [
        words["check_text"],
        words["held"].format(copy=copy),
        Facts([(words["versions"], versions), (words["registry_id"], registry)]),
    ]


def _given(
    words: _Words, values: Mapping[str, Any], *names: str
) -> list[tuple[str, str]]:
    return [(words[name], str(values[name])) for name in names if values[name]]
