"""Results of a scan -> one self-contained HTML page."""

import base64
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from numpy.typing import NDArray
from PIL import Image as PILImage

from imgmatch.describe import (
    DIRECTION_WORDS,
    VERDICT_WORDS,
    describe_edits,
    describe_verdict,
)
from imgmatch.errors import InputError
from imgmatch.figure import OVERLAY_COLOUR, REGION_COLOUR, draw_query, draw_reference
from imgmatch.image import ImageSource, decode
from imgmatch.registry import Registry, Snapshot
from imgmatch.sources import Loader, NamedImage, Stored
from imgmatch.types import Match, Result, ScanFailure, Verdict

__all__ = ["render"]

THUMBNAIL_SIDE = 480
_JPEG_QUALITY = 80
_ACCUSING = (Verdict.DERIVED, Verdict.REVIEW)

_Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture as the page holds it."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """A suspect beside one original."""

    match: Match
    reference: _Picture
    query: _Picture | None

    @property
    def edits(self) -> list[str]:
        return describe_edits(self.match.comparison)

    @property
    def direction(self) -> str:
        return DIRECTION_WORDS[self.match.comparison.direction]


@dataclass(frozen=True, slots=True)
class _Row:
    """A suspect, the originals shown beside it, and those only named."""

    result: Result
    pairs: list[_Pair]
    others: list[Match]


def render(
    outcomes: Iterable[Result | ScanFailure],
    *,
    registry: Registry | Snapshot,
    suspects: Iterable[NamedImage],
) -> str:
    """Draw the page that shows what a scan has found.

    Suspects with something in common with an original come best first, each
    beside the originals it derives from; failures stand at the end.

    Parameters
    ----------
    outcomes : iterable of Result or ScanFailure
        What `imgmatch.scan` yielded.
    registry : Registry or Snapshot
        Holds the originals' previews.
    suspects : iterable of NamedImage
        Where the suspects' pictures are, by the names in the results.

    Returns
    -------
    str
        HTML with everything inline: no script, clock, path or link leads out.
    """
    originals = registry.snapshot() if isinstance(registry, Registry) else registry
    images = {suspect.name: suspect.image for suspect in suspects}
    results: list[Result] = []
    failures: list[ScanFailure] = []
    for outcome in outcomes:
        if isinstance(outcome, Result):
            results.append(outcome)
        else:
            failures.append(outcome)
    related = [result for result in results if result.matches]
    counts = Counter(result.verdict for result in results)
    return _template().render(
        counts=[(verdict, counts[verdict]) for verdict in Verdict],
        total=len(results) + len(failures),
        originals=len(originals),
        rows=[
            _row(result, originals, images)
            for result in sorted(related, key=_best_first)
        ],
        failures=failures,
        words=VERDICT_WORDS,
        region_colour=_css(REGION_COLOUR),
        overlay_colour=_css(OVERLAY_COLOUR),
    )


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("imgmatch.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda fraction: f"{100 * fraction:.0f} %"
    environment.filters["verdict"] = describe_verdict
    return environment.get_template("page.html.j2")


def _best_first(result: Result) -> tuple[int, float, str]:
    return result.verdict.rank, -result.score, result.query


def _row(
    result: Result, originals: Snapshot, images: Mapping[str, ImageSource | Stored]
) -> _Row:
    shown = [m for m in result.matches if m.comparison.verdict in _ACCUSING]
    shown = shown or [*result.matches[:1]]
    try:
        with Loader() as loader:
            pixels = _thumbnail(loader.load(images[result.query]))
    except (KeyError, InputError):  # judged, then moved away
        pixels = None
    return _Row(
        result,
        [_pair(match, originals, pixels) for match in shown],
        [match for match in result.matches if match not in shown],
    )


def _pair(match: Match, originals: Snapshot, query: _Pixels | None) -> _Pair:
    reference = _thumbnail(originals.fingerprint(match.reference_id).preview)
    return _Pair(
        match,
        _picture(draw_reference(reference, match.comparison)),
        None if query is None else _picture(draw_query(query, match.comparison)),
    )


def _thumbnail(image: ImageSource) -> _Pixels:
    """Read a picture at the page's size; one that is smaller is enlarged."""
    pixels = decode(image, long_side=THUMBNAIL_SIDE).pixels
    height, width = pixels.shape[:2]
    scale = THUMBNAIL_SIDE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _picture(pixels: _Pixels) -> _Picture:
    content = BytesIO()
    PILImage.fromarray(pixels).save(content, "JPEG", quality=_JPEG_QUALITY)
    encoded = base64.b64encode(content.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    return _Picture(f"data:image/jpeg;base64,{encoded}", width, height)


def _css(colour: tuple[int, int, int]) -> str:
    return f"rgb{colour}"
