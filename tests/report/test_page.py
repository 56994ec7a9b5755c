import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from comparisons import compared
from outcomes import MARKUP, OUTCOMES, SHA256, pictures_of, result
from pictures import draw, encoded
from places import GOLDEN

from imgmatch.errors import InputError
from imgmatch.registry import Registry
from imgmatch.report import pictures, write_report
from imgmatch.results import (
    Match,
    Result,
    ResultLines,
    ScanFailure,
    Verdict,
)
from imgmatch.sources import NamedImage

PAGE = GOLDEN / "report.html"
"""The golden page. Set IMGMATCH_REWRITE_GOLDEN to write it again; then look at it."""


@pytest.fixture(scope="module")
def registry():
    with Registry.temporary() as registry:
        for seed in range(2):
            registry.add(
                encoded(draw(seed)), reference_id=f"dress/{seed}.png", owner="Studio"
            )
        yield registry


class Page(HTMLParser):
    """Texts, links, pictures and tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.texts, self.tags = [], [], [], []
        self.ids, self.handlers, self.labels = [], [], []
        self._silent = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._silent = tag in ("style", "script")
        for name, value in attributes:
            if name in ("src", "href"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
            if name == "aria-label" and tag == "svg":
                self.labels.append(value)
            if name.startswith("on"):
                self.handlers.append(name)
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, data):
        if data.strip() and not self._silent:
            self.texts.append(" ".join(data.split()))

    def handle_endtag(self, tag):
        if tag in ("style", "script"):
            self._silent = False


def written(folder, outcomes, **options):
    """Write a report and return the HTML of its pages."""
    paths = write_report(folder / "report.html", outcomes, **options)
    assert sorted(folder.glob("*.html")) == sorted(paths)
    return [path.read_text(encoding="utf-8") for path in paths]


@pytest.fixture(scope="module")
def html(registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    suspects = pictures_of(OUTCOMES)
    (page,) = written(folder, OUTCOMES, registry=registry, suspects=suspects)
    return page


def test_write_report_lists_suspects_best_first_below_their_original(html):
    headings = re.findall(r"<h([23])[^>]*>(?:<span.*?</span> )?(.*?)</h\1>", html)
    plain = [re.sub("</?bdi>", "", text) for _, text in headings]

    assert plain == [
        "Originals that were found",
        "Shops",
        "dress/0.png",
        "shop/中文.png",
        "shop/subject.png",  # of the same shop
        "other/&lt;b&gt;weak&lt;/b&gt;.png",
        "shop",
        "other",
        "Not judged",
    ]
    assert "empty (0 bytes)" in Page(html).texts


def test_write_report_counts_every_outcome(html):
    counts = re.findall(r"<b>(\d+)</b> ([a-z ]+)</li>", html)

    assert counts == [
        ("2", "derived"),
        ("0", "needs review"),
        ("0", "shared overlay only"),
        ("1", "same subject"),
        ("1", "unrelated"),
        ("1", "not judged"),
    ]
    assert "5 suspects against 2 registered originals" in " ".join(html.split())


def test_write_report_says_on_each_card_what_was_found(html):
    text = " | ".join(Page(html).texts)

    assert "Original | Suspect | mirrored | Made up. |" in text
    assert "| derived | score 50.0 | shop | shop |" in text
    assert "Expected false accusations | 1e-09" in text
    assert "Direction | consistent with a copy" in text
    assert "Also compared: | dress/1.png | (same subject, score 3.0)." in text
    assert "listing | 17" in text
    assert "Owner | Studio" in text


def test_write_report_refers_to_nothing_outside_the_page(html, tmp_path):
    page = Page(html)

    local = [link for link in page.links if not link.startswith("data:image/jpeg;")]
    assert local
    assert all(link.startswith("#") for link in local)
    assert {link[1:] for link in local} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not {"link", "iframe", "object", "base"} & set(page.tags)
    assert page.tags.count("script") == 1
    assert "url(" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert str(tmp_path.anchor + "tmp") not in html


def test_write_report_gives_pictures_a_size_and_a_text(html):
    images = Page(html).images

    assert len(images) == 1 + 2 * 3  # the whole original, then three pairs
    for image in images:
        assert max(int(image["width"]), int(image["height"])) == 400
        assert image["alt"].startswith(("Original dress/", "Suspect "))


def test_write_report_ignores_the_order_of_the_results(html, registry, tmp_path):
    outcomes = OUTCOMES[::-1]
    options = {"registry": registry, "suspects": pictures_of(outcomes)}

    assert written(tmp_path, outcomes, **options) == [html]


def test_write_report_writes_the_golden_page(html):
    # Encoders differ, so the bytes of the pictures are left out.
    page = re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,", html)
    if os.environ.get("IMGMATCH_REWRITE_GOLDEN"):
        PAGE.write_text(page, encoding="utf-8")

    assert page == PAGE.read_text(encoding="utf-8")


def test_write_report_writes_the_same_page_from_a_file(html, registry, tmp_path):
    lines = tmp_path / "results.jsonl"
    lines.write_text("".join(json.dumps(o.to_dict()) + "\n" for o in OUTCOMES))
    options = {"registry": registry.snapshot(), "suspects": pictures_of(OUTCOMES)}

    with ResultLines(lines) as outcomes:
        (page,) = written(tmp_path, outcomes, **options)

    # A snapshot does not know the owners of the originals.
    assert Page(page).images == Page(html).images
    assert set(Page(html).texts) - set(Page(page).texts) == {
        "Owner",
        "Studio",
        "· 200 × 150 px",
    }


def test_write_report_shows_every_accused_original_of_a_collage(registry, tmp_path):
    collage = result("collage.png", compared(), compared(Verdict.REVIEW, 9.0))
    options = {"registry": registry, "suspects": pictures_of([collage])}

    (page,) = written(tmp_path, [collage], **options)

    assert [image["alt"] for image in Page(page).images] == [
        *("Original dress/0.png, whole", "Original dress/0.png", "Suspect collage.png"),
        *("Original dress/1.png, whole", "Original dress/1.png", "Suspect collage.png"),
    ]


@pytest.mark.parametrize(
    "image", [None, "no/such/file.png", b"no image"], ids=["unknown", "gone", "broken"]
)
def test_write_report_draws_an_outline_for_a_missing_picture(image, tmp_path):
    suspects = [] if image is None else [NamedImage("gone.png", image)]
    missing = Result("gone.png", SHA256, (Match("gone too.png", compared()),))

    with Registry.temporary() as empty:
        (page,) = written(tmp_path, [missing], registry=empty, suspects=suspects)

    assert Page(page).images == []
    assert Page(page).labels == [
        "Original gone too.png, an outline: the picture is not there",
        "Suspect gone.png, an outline: the picture is not there",
    ]
    assert Page(page).texts.count("picture not there") == 2
    assert page.count("<polygon") == 2


def test_write_report_needs_neither_pictures_nor_a_registry(tmp_path):
    (page,) = written(tmp_path, OUTCOMES)

    assert Page(page).images == []
    assert "5 suspects</p>" in " ".join(page.split())


def test_write_report_escapes_markup_in_names(registry, tmp_path):
    hostile = Result(
        f"{MARKUP}/{MARKUP}\u202egpj.png",
        SHA256,
        (Match(MARKUP, compared(reason=MARKUP)),),
        {MARKUP: MARKUP, "url": f"javascript:{MARKUP}", "shop": MARKUP},
    )
    failure = ScanFailure(MARKUP, MARKUP, MARKUP)
    surrogate = result("\udcff.png", compared())

    (page,) = written(tmp_path, [hostile, failure, surrogate], registry=registry)
    read = Page(page)

    assert read.tags.count("script") == 1
    assert "onerror" not in " ".join(read.handlers)
    assert not read.handlers
    assert not [link for link in read.links if "javascript" in link]
    # It occurs in names, shop, reason and columns. <bdi> isolates the override of the
    # text direction.
    assert read.texts.count(MARKUP) >= 6
    assert "49" not in " ".join(read.texts).replace(MARKUP, "")
    assert f"<bdi>{hostile.query}".replace("<script>", "") not in page


def test_write_report_links_the_address_of_a_listing(tmp_path):
    listing = "https://shop.example/17?a=1&b=2"

    (page,) = written(tmp_path, [result("a.png", compared(), url=listing)])

    assert Page(page).links[-1:] == [listing]
    assert 'rel="noreferrer noopener"' in page


def test_write_report_counts_suspects_of_an_earlier_scan(tmp_path):
    old = [replace(one, since="f" * 64) for one in OUTCOMES[:2]]

    for seen, words in ((old[:1], "1 was judged"), (old, "2 were judged")):
        (page,) = written(tmp_path, [*OUTCOMES[2:], *seen])
        assert f'<p class="also">{words} in an earlier scan, and compared' in page
    (page,) = written(tmp_path, OUTCOMES)
    assert "earlier scan" not in page


def test_write_report_writes_a_page_for_an_empty_scan(registry, tmp_path):
    (page,) = written(tmp_path, [], registry=registry.snapshot())

    assert "No suspect has anything in common with an original." in Page(page).texts
    assert "script" not in Page(page).tags


def test_write_report_continues_on_further_pages(tmp_path, monkeypatch):
    monkeypatch.setattr("imgmatch.report.plan.PAGE_PAIRS", 4)
    outcomes = [result(f"shop {i % 3}/{i}.png", compared(score=i)) for i in range(30)]
    folder = tmp_path / "a b#c"
    folder.mkdir()

    pages = written(folder, outcomes)

    assert len(pages) > 30 / 4
    seen = [name for page in pages for name in re.findall(r"<h3><bdi>(.*?)<", page)]
    assert sorted(seen) == sorted(outcome.query for outcome in outcomes)
    parsed = [Page(page) for page in pages]
    names = ["report.html", *(f"report-{n}.html" for n in range(2, len(pages) + 1))]
    for here, page in zip(names, parsed, strict=True):
        for link in page.links:
            name, _, fragment = link.partition("#")
            assert (name or here) in names
            target = parsed[names.index(name or here)]
            assert not fragment or fragment in (*target.ids, "main")
    assert "dress/0.png</bdi>, continued" in pages[1]
    assert "Page 2 of" in " ".join(parsed[1].texts)


def test_write_report_counts_but_hides_what_is_not_asked_for(tmp_path):
    options = {"verdicts": [Verdict.DERIVED], "min_score": 30}

    (page,) = written(tmp_path, OUTCOMES, **options)

    assert re.findall(r"<h3><bdi>(.*?)<", page) == ["shop/中文.png"]
    assert "<b>2</b> derived" in page


def test_write_report_refuses_a_path_that_is_no_page(tmp_path):
    with pytest.raises(
        InputError, match=r"want a \.html to write the report to, got x"
    ):
        write_report(tmp_path / "x.pdf", [])


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_page_colours_have_contrast_on_every_ground(scheme):
    """Contrast is at least 4.5, as WCAG 2.2 (1.4.3) asks for text."""
    css = (Path(pictures.__file__).parent / "page.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    colours = {
        name: "#" + "".join(2 * c for c in value) if len(value) == 3 else f"#{value}"
        for name, value in re.findall(r"--(\w+): #(\w+);", block)
    }
    grounds = [colours.pop("ground"), colours.pop("card")]
    del colours["line"]

    assert len(colours) == 9
    for name, colour in colours.items():
        for ground in grounds:
            low, high = sorted(luminance(c) for c in (colour, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, name
