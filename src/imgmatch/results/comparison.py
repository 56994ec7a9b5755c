"""The result of comparing one original with one suspect.

Pixels are those of the upright full-size image, (x, y), integers at pixel
centres. ``reference`` is the registered original, ``query`` the suspect.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from imgmatch.image import ImageSource
from imgmatch.results.display import draw
from imgmatch.results.fields import (
    read_box,
    read_homography,
    read_number,
    read_optional_number,
    read_size,
    read_text,
)
from imgmatch.types import Box, Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Comparison", "Direction", "Edit", "EditKind", "Verdict"]


class Verdict(StrEnum):
    """The conclusion of a comparison, strongest claim first."""

    DERIVED = "derived"
    """The query shows the reference's own exposure."""
    REVIEW = "review"
    """Strong signs of derivation, but a person must look before anyone is accused."""
    SHARED_OVERLAY = "shared_overlay"
    """Only a watermark, badge, template or interface is in common."""
    SAME_SUBJECT = "same_subject"
    """The same thing or scene in another photograph."""
    UNRELATED = "unrelated"
    """Nothing in common was found."""

    @property
    def rank(self) -> int:
        """Position among the verdicts: 0 is the strongest claim. Sorts best first."""
        return list(Verdict).index(self)


class Direction(StrEnum):
    """Whether the query could have been made from the reference file."""

    CONSISTENT = "consistent"
    CONTRADICTS = "contradicts"
    """The query shows more of the scene or finer detail than the reference."""
    UNKNOWN = "unknown"


class EditKind(StrEnum):
    """A kind of edit that turned the reference into the query."""

    CROP = "crop"
    """Part of the reference is missing; amount: the fraction of its area kept."""
    MIRROR = "mirror"
    ROTATION = "rotation"
    """Amount: degrees clockwise as seen on screen, in (-180, 180]."""
    RESIZE = "resize"
    """Amount: query pixels for each reference pixel."""
    STRETCH = "stretch"
    """Unequal scale; amount: horizontal over vertical scale."""
    PERSPECTIVE = "perspective"
    INSET = "inset"
    """The picture is part of a larger one (collage, screenshot, border);
    query_box is the picture, amount the fraction of the query it covers."""
    OVERLAY_ADDED = "overlay_added"
    """Something was drawn over the picture in query_box."""
    OVERLAY_REMOVED = "overlay_removed"
    """A mark of the reference in reference_box was removed or covered."""
    RECOLOUR = "recolour"
    """Colours changed; amount: mean change in 8-bit levels."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit, with its place and its amount if its kind has them."""

    kind: EditKind
    query_box: Box | None = None
    reference_box: Box | None = None
    amount: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the edit as JSON-ready values; leave out absent fields."""
        out: dict[str, Any] = {"kind": str(self.kind)}
        if self.query_box is not None:
            out["query_box"] = self.query_box.rounded()
        if self.reference_box is not None:
            out["reference_box"] = self.reference_box.rounded()
        if self.amount is not None:
            out["amount"] = round(self.amount, 4)
        return out

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            EditKind(fields["kind"]),
            query_box=read_box(fields.get("query_box")),
            reference_box=read_box(fields.get("reference_box")),
            amount=read_optional_number(fields.get("amount")),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The result of comparing one reference with one query.

    Attributes
    ----------
    verdict : Verdict
    score : float
        Higher is stronger evidence of derivation; comparable across pairs.
        `imgmatch.pair.decision` explains what it means.
    reason : str
        One sentence that says why the verdict is what it is.
    reference_size, query_size : Size
        Upright full-size pixels.
    homography : (3, 3) float64 or None
        Reference (x, y) px -> query (x, y) px, reflection included.
        None if no geometry was found.
    mirrored : bool
    reference_box, query_box : Box or None
        The copied region in each picture.
    reference_kept : float
        Fraction of the reference's area that the query shows.
    query_covered : float
        Fraction of the query's area that the copied region takes.
    edits : tuple of Edit
    direction : Direction
    expected_false_accusations : float or None
        Bound on how many unrelated originals would score as high, among the
        originals that the query was compared with. None unless the verdict is
        derived or review.
    """

    verdict: Verdict
    score: float
    reason: str
    reference_size: Size
    query_size: Size
    homography: NDArray[np.float64] | None = None
    mirrored: bool = False
    reference_box: Box | None = None
    query_box: Box | None = None
    reference_kept: float = 0.0
    query_covered: float = 0.0
    edits: tuple[Edit, ...] = ()
    direction: Direction = Direction.UNKNOWN
    expected_false_accusations: float | None = None

    def __post_init__(self) -> None:
        if self.homography is not None:
            matrix = np.array(self.homography, dtype=np.float64)
            matrix.flags.writeable = False
            object.__setattr__(self, "homography", matrix)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready values."""
        matrix = self.homography
        false_alarms = self.expected_false_accusations
        return {
            "verdict": str(self.verdict),
            "score": round(self.score, 3) if math.isfinite(self.score) else None,
            "reason": self.reason,
            "expected_false_accusations": (
                None if false_alarms is None else float(f"{false_alarms:.3g}")
            ),
            "homography": None if matrix is None else matrix.tolist(),
            "mirrored": self.mirrored,
            "reference_size": list(self.reference_size),
            "query_size": list(self.query_size),
            "reference_box": self.reference_box and self.reference_box.rounded(),
            "query_box": self.query_box and self.query_box.rounded(),
            "reference_kept": round(self.reference_kept, 4),
            "query_covered": round(self.query_covered, 4),
            "edits": [edit.to_dict() for edit in self.edits],
            "direction": str(self.direction),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; ignore other keys."""
        score = fields["score"]
        return cls(
            verdict=Verdict(fields["verdict"]),
            score=-math.inf if score is None else read_number(score),
            reason=read_text(fields["reason"]),
            reference_size=read_size(fields["reference_size"]),
            query_size=read_size(fields["query_size"]),
            homography=read_homography(fields["homography"]),
            mirrored=bool(fields["mirrored"]),
            reference_box=read_box(fields["reference_box"]),
            query_box=read_box(fields["query_box"]),
            reference_kept=read_number(fields["reference_kept"]),
            query_covered=read_number(fields["query_covered"]),
            edits=tuple(Edit.from_dict(edit) for edit in fields["edits"]),
            direction=Direction(fields["direction"]),
            expected_false_accusations=read_optional_number(
                fields["expected_false_accusations"]
            ),
        )

    def plot(
        self,
        original: "ImageSource | None" = None,
        suspect: "ImageSource | None" = None,
    ) -> "Figure":
        """Draw both pictures side by side, and mark what was found.

        The copied region is outlined in green, overlays are boxed in orange. A
        comparison holds no pixels; without the pictures, only outlines are drawn.
        The axes count pixels of the full-size pictures.

        Parameters
        ----------
        original, suspect : path, bytes or (H, W, 3) uint8 RGB, optional
            The pictures that were compared.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it if a cell ends with it; ``figure.savefig(path)``
            saves it.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        DecodeError
            If a picture cannot be read.
        """
        figure: Figure = draw("plot", self, original, suspect)
        return figure

    def _repr_html_(self) -> str:
        """Return the card that notebooks show, drawn without the pictures."""
        return str(draw("card", self))
