"""Draw the content of a page as a PDF with embedded font and pictures."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

from imgmatch.errors import MissingExtraError
from imgmatch.evidence.page_content import Facts, Figures, PageContent
from imgmatch.results import Verdict

__all__ = ["draw_pdf"]

_FONT: Final = "wqy-microhei-gb2312"
_MARGIN: Final = 54.0
_WIDTH: Final = 595.28 - 2 * _MARGIN  # A4, in points
_PADDING: Final = 6.0  # points that reportlab adds to margins
_TALLEST: Final = 250.0
"""Largest height of a figure, in points."""
_INK, _QUIET, _LINE = "#1c2026", "#626b77", "#dfe3e8"
_TONES: Final = {
    Verdict.DERIVED: "#c62836",
    Verdict.REVIEW: "#b45309",
    Verdict.SHARED_OVERLAY: "#6d4bc3",
    Verdict.SAME_SUBJECT: "#2563a8",
    Verdict.UNRELATED: "#66707c",
}


def draw_pdf(content: PageContent, figures: Mapping[str, bytes]) -> bytes:
    """Draw the content of a page on A4 sheets.

    The font has Latin and GB 2312. Other letters are written as their code point, such
    as ``[U+20BB7]``.

    Parameters
    ----------
    content : PageContent
    figures : mapping of str to bytes
        JPEG files, by the names that the content uses.

    Returns
    -------
    bytes
        The PDF; the same arguments give the same bytes.

    Raises
    ------
    MissingExtraError
        If reportlab is not installed.
    """
    try:
        from reportlab.platypus import SimpleDocTemplate
    except ImportError as error:
        raise MissingExtraError("a PDF", "reportlab", "evidence") from error
    _load_font()

    def number(canvas: Any, document: Any) -> None:
        canvas.setFont(_FONT, 8)
        canvas.setFillColor(_QUIET)
        canvas.drawRightString(_MARGIN + _WIDTH, 30, content.page.format(document.page))

    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=(_WIDTH + 2 * _MARGIN, 841.89),
        **dict.fromkeys(
            ("leftMargin", "rightMargin", "topMargin", "bottomMargin"),
            _MARGIN - _PADDING,
        ),
        title=content.title,
        author="",
        invariant=1,  # no time of making in the file
    )
    flow = list(_Typesetter(content, figures).flow())
    document.build(flow, onFirstPage=number, onLaterPages=number)
    return out.getvalue()


class _Typesetter:
    """Turn content into the elements that reportlab lays out."""

    def __init__(self, content: PageContent, figures: Mapping[str, bytes]) -> None:
        self._content, self._figures = content, figures

    def flow(self) -> Iterator[Any]:
        from reportlab.platypus import Table

        content = self._content
        yield self._text(content.title, 20, after=4)
        yield self._text(content.made, 9, _QUIET, after=12)
        tone = _TONES[content.verdict]
        claim = [self._text(content.headline, 14, tone, after=4)]
        claim += [self._text(line, 10.5) for line in content.summary]
        yield Table(
            [[claim]],
            colWidths=[_WIDTH],
            style=[
                ("BOX", (0, 0), (-1, -1), 0.6, _LINE),
                ("LINEBEFORE", (0, 0), (0, -1), 3, tone),
                ("LEFTPADDING", (0, 0), (-1, -1), 12),
                ("TOPPADDING", (0, 0), (-1, -1), 8),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ],
        )
        for section in content.sections:
            yield self._heading(section.title, 13, before=18)
            for block in section.blocks:
                yield from self._block(block)

    def _block(self, block: str | Facts | Figures) -> Iterator[Any]:
        if isinstance(block, str):
            yield self._text(block, 10, after=4)
        elif isinstance(block, Figures):
            yield self._side_by_side(block)
        else:
            if block.title:
                yield self._heading(block.title, 10.5, before=8)
            yield self._table(block)

    def _table(self, facts: Facts) -> Any:
        from reportlab.platypus import Table

        rows = [
            [self._text(label, 9, _QUIET), self._text(value, 9)]
            for label, value in facts.rows
        ]
        return Table(
            rows,
            colWidths=[0.27 * _WIDTH, 0.73 * _WIDTH],
            style=[
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ],
            spaceAfter=6,
        )

    def _side_by_side(self, block: Figures) -> Any:
        from reportlab.lib.utils import ImageReader
        from reportlab.platypus import Image, Table

        wide = _WIDTH / len(block.figures) - 8
        pictures, captions = [], []
        for name, caption in block.figures:
            data = self._figures[name]
            width, height = ImageReader(BytesIO(data)).getSize()
            scale = min(wide / width, _TALLEST / height)
            pictures.append(Image(BytesIO(data), width * scale, height * scale))
            captions.append(self._text(caption, 8, _QUIET))
        return Table(
            [pictures, captions],
            colWidths=[_WIDTH / len(block.figures)] * len(block.figures),
            style=[
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("ALIGN", (0, 0), (-1, 0), "LEFT"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ],
            spaceAfter=4,
        )

    def _heading(self, text: str, size: float, *, before: float) -> Any:
        heading = self._text(text, size, before=before, after=size / 2)
        heading.keepWithNext = True
        return heading

    def _text(
        self,
        text: str,
        size: float,
        colour: str = _INK,
        *,
        before: float = 0,
        after: float = 0,
    ) -> Any:
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle(
            "text",
            fontName=_FONT,
            fontSize=size,
            leading=1.45 * size,
            textColor=colour,
            spaceBefore=before,
            spaceAfter=after,
            wordWrap="CJK" if self._content.language == "zh" else "LTR",
            splitLongWords=1,
        )
        return Paragraph(escape(_writable(text)), style)


def _writable(text: str) -> str:
    """Replace letters that the font lacks by their code points."""
    glyphs = _load_font()
    return "".join(
        letter if ord(letter) in glyphs or letter == "\n" else f"[U+{ord(letter):04X}]"
        for letter in text
    )


@cache
def _load_font() -> frozenset[int]:
    """Register the font with reportlab, and return its code points."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    data = files("imgmatch.evidence").joinpath("fonts", f"{_FONT}.ttf").read_bytes()
    font = TTFont(_FONT, BytesIO(data))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)
