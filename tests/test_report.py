import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from comparisons import compared
from imgmatch.registry import Registry
from imgmatch.report import render
from imgmatch.sources import NamedImage
from imgmatch.types import Edit, EditKind, Match, Result, ScanFailure, Verdict
from pictures import draw, encoded

SHA256 = "0" * 64
GOLDEN = Path(__file__).parent / "golden" / "report.html"
"""Set IMGMATCH_REWRITE_GOLDEN to write it anew, then look at it."""


@pytest.fixture(scope="module")
def registry():
    with Registry.temporary() as registry:
        for seed in range(2):
            registry.add(encoded(draw(seed)), reference_id=f"dress/{seed}.png")
        yield registry


def result(name, *found):
    matches = [Match(f"dress/{i}.png", one) for i, one in enumerate(found)]
    return Result(name, SHA256, tuple(matches))


OUTCOMES = [
    result("shop/nothing.png"),
    result("shop/subject.png", compared(Verdict.SAME_SUBJECT, 12.0)),
    ScanFailure("shop/<broken>.png", "DecodeError", "empty (0 bytes)"),
    result("shop/<b>weak</b>.png", compared(score=20.0)),
    result(
        "shop/中文.png",
        compared(score=50.0, edits=(Edit(EditKind.MIRROR),)),
        compared(Verdict.SAME_SUBJECT, 3.0),
    ),
]


class Page(HTMLParser):
    """What a page says and points to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.texts, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href"):
                self.links.append(value)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data):
        if data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def html(registry):
    names = [outcome.query for outcome in OUTCOMES]
    suspects = [NamedImage(name, encoded(draw(9))) for name in names]
    return render(OUTCOMES, registry=registry, suspects=suspects)


def test_it_shows_related_suspects_best_first_and_failures_last(html):
    page = Page(html)
    order = [
        text for text in page.texts if text.startswith("shop/") or text == "Not judged"
    ]

    assert list(dict.fromkeys(order)) == [
        "shop/中文.png",
        "shop/<b>weak</b>.png",
        "shop/subject.png",
        "Not judged",
        "shop/<broken>.png",
    ]
    assert "empty (0 bytes)" in page.texts


def test_it_counts_every_outcome(html):
    counts = re.findall(r"<b>(\d+)</b>([a-z ]+)</li>", html)

    assert counts == [
        ("2", "derived"),
        ("0", "needs review"),
        ("0", "shared overlay only"),
        ("1", "same subject"),
        ("1", "unrelated"),
        ("1", "not judged"),
    ]
    assert "5 suspects against 2 registered originals" in " ".join(html.split())


def test_each_row_says_what_was_found(html):
    text = " | ".join(Page(html).texts)

    assert "mirrored | Made up. | Score | 50.0 |" in text
    assert "Expected false accusations | 1e-09" in text
    assert "Direction | consistent with a copy" in text
    assert "Also compared: dress/1.png (same subject, score 3.0)." in text


def test_nothing_in_the_page_leads_out_of_it(html, tmp_path):
    page = Page(html)

    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert not {"script", "link", "iframe", "form"} & set(page.tags)
    assert "url(" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert str(tmp_path.anchor + "tmp") not in html


def test_pictures_are_small_and_have_their_size_and_a_text(html):
    images = Page(html).images

    assert len(images) == 6  # two for each of three pairs
    for image in images:
        assert max(int(image["width"]), int(image["height"])) == 480
        assert image["alt"].startswith(("Original dress/", "Suspect shop/"))


def test_the_same_results_give_the_same_page(html, registry):
    names = [outcome.query for outcome in OUTCOMES]
    suspects = [NamedImage(name, encoded(draw(9))) for name in names]

    assert render(reversed(OUTCOMES), registry=registry, suspects=suspects) == html


def test_the_page_is_the_golden_one(html):
    # Encoders differ, so the pictures' bytes do not count.
    page = re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,", html)
    if os.environ.get("IMGMATCH_REWRITE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")

    assert page == GOLDEN.read_text(encoding="utf-8")


def test_all_accused_originals_of_a_collage_are_shown(registry):
    collage = result("collage.png", compared(), compared(Verdict.REVIEW, 9.0))
    suspects = [NamedImage("collage.png", encoded(draw(9)))]

    page = Page(render([collage], registry=registry, suspects=suspects))

    assert len(page.images) == 4


def test_a_suspect_that_has_gone_is_still_reported(registry):
    gone = result("gone.png", compared())

    for suspects in ([], [NamedImage("gone.png", "no/such/file.png")]):
        page = Page(render([gone], registry=registry, suspects=suspects))
        assert len(page.images) == 1
        assert "the picture could not be read again" in page.texts


def test_an_empty_scan_has_a_page_too(registry):
    page = Page(render([], registry=registry.snapshot(), suspects=[]))

    assert "No suspect has anything in common with an original." in page.texts
