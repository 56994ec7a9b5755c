"""The report in a real browser: it fits, filters, and can be read without script.

If IMGMATCH_SCREENSHOTS names a folder, the tests save screenshots of the examples'
report in it.
"""

import os
from pathlib import Path

import pytest
from browser import chromium
from comparisons import compared
from outcomes import MARKUP, OUTCOMES, pictures_of
from places import EXAMPLES

from imgmatch.registry import Registry, register
from imgmatch.report import write_report
from imgmatch.results import Match, Result, ScanFailure
from imgmatch.scans import scan
from imgmatch.sources import NamedImage, find_images

LISTINGS = (
    *("cat-mirrored.png", "brushes-crop-half.jpg", "coffee-app-page.png"),
    *("dandelion-chain.jpg", "dogs-inset.jpg", "dogs-sideways.jpg", "sunset.jpg"),
    *("fig-seal-wiped.jpg", "motorcycle-other-photo.jpg", "dahlia-with-seal.jpg"),
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def open_page(browser):
    """Open a file at a width; collect errors, messages and dialogs as trouble."""

    def opened(path, width=1280, query="", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, **options
        )
        context.set_default_timeout(600_000)  # fail on a hang, not on a slow machine
        page = context.new_page()
        page.trouble = []
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.on("console", lambda message: page.trouble.append(message.text))
        page.on("dialog", lambda dialog: page.trouble.append(dialog.message))
        page.goto(path.as_uri() + query)
        return page

    return opened


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A report of some of the examples."""
    path = tmp_path_factory.mktemp("real") / "report.html"
    with Registry.temporary() as registry:
        list(register(EXAMPLES / "originals", registry, owner="Studio Nord"))
        suspects = [
            NamedImage(f"shop-{i % 3}/{name}", EXAMPLES / "listings" / name)
            for i, name in enumerate(LISTINGS)
        ]
        outcomes = list(scan(suspects, registry))
        assert not [one for one in outcomes if isinstance(one, ScanFailure)]
        write_report(path, outcomes, registry=registry, suspects=find_images(suspects))
    return path


LONG = "unbroken" * 30
AWKWARD = [
    *OUTCOMES,
    Result(f"{MARKUP}/{MARKUP}", "", (Match(MARKUP, compared()),), {"url": MARKUP}),
    Result(f"{LONG}/{LONG}", "", (Match(LONG, compared()),), {LONG: LONG}),
    ScanFailure(LONG, "DecodeError", LONG),
]


@pytest.fixture(scope="module")
def awkward(tmp_path_factory):
    """A report of several pages, with texts that could break the layout."""
    path = tmp_path_factory.mktemp("awkward") / "a b#c.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imgmatch.report.plan.PAGE_PAIRS", 2)
        pages = write_report(path, AWKWARD, suspects=pictures_of(AWKWARD))
    assert len(pages) > 3
    return pages


@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_the_width_of_the_window(open_page, real, awkward, width):
    for path in (*awkward, real):
        page = open_page(path, width)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.trouble == []
    if folder := os.environ.get("IMGMATCH_SCREENSHOTS"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            name = f"report-{width}-{scheme}.png"
            page.screenshot(path=Path(folder) / name, full_page=True)


def test_page_shows_every_picture(open_page, real):
    page = open_page(real)
    widths = page.evaluate("[...document.images].map((image) => image.naturalWidth)")

    assert len(widths) >= 20
    assert min(widths) > 100
    assert page.trouble == []


def test_page_reads_without_script(open_page, real):
    page = open_page(real, java_script_enabled=False)

    assert page.locator("article:visible").count() == len(LISTINGS) - 1
    assert page.locator("#filter").is_hidden()


def shown(page):
    return page.locator("article:visible").count()


def test_page_filter_leaves_what_was_asked_for(open_page, real):
    page = open_page(real)
    everything = shown(page)
    derived = page.locator("article.derived").count()
    assert 0 < derived < everything

    for box in page.locator("#filter [type=checkbox]").all():
        if box.get_attribute("value") != "derived":
            box.uncheck()
    assert shown(page) == derived

    scores = [float(e.get_attribute("data-score")) for e in
              page.locator("article.derived").all()]  # fmt: skip
    middle = sorted(scores)[len(scores) // 2]
    page.get_by_label("Score at least").fill(str(middle))
    assert shown(page) == sum(score >= middle for score in scores)
    empty = page.locator("section.original").filter(visible=True)
    assert all(one.locator("article:visible").count() for one in empty.all())

    page.get_by_role("button", name="Show all").click()
    page.wait_for_function(
        "count => [...document.querySelectorAll('article')]"
        ".filter((card) => !card.hidden).length === count",
        arg=everything,
    )
    assert page.trouble == []


def test_page_filter_carries_over_to_other_pages(open_page, awkward):
    page = open_page(awkward[0])
    subject = next(
        number
        for number, path in enumerate(awkward)
        if '<article class="card same_subject"' in path.read_text(encoding="utf-8")
    )
    for box in page.locator("#filter [type=checkbox]").all():
        box.set_checked(box.get_attribute("value") == "same_subject")
    assert subject > 0
    assert shown(page) == 0
    page.locator("a[rel=next]").first.evaluate("link => link.click()")
    page.wait_for_url("**same_subject**")

    assert page.url.startswith(awkward[subject].as_uri())  # it skips the pages between
    assert page.locator("article.same_subject:visible").count() == 1
    assert page.locator("article.derived:visible").count() == 0
    assert page.trouble == []


def test_page_works_from_the_keyboard(open_page, real):
    page = open_page(real)
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "[document.activeElement.textContent || document.activeElement.name,"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
        )

    assert [name for name, _ in reached[:2]] == ["Skip to the results", "verdict"]
    assert "score" in [name for name, _ in reached]
    assert all(outline != "none" for _, outline in reached)

    page.locator("#filter [value=derived]").focus()
    page.keyboard.press("Space")
    assert page.locator("article.derived:visible").count() == 0


def test_page_links_a_shop_to_the_picture(open_page, awkward):
    for path in awkward:
        page = open_page(path)
        links = page.locator("tr[data-verdict] a")
        if links.count():
            name = links.first.inner_text()
            links.first.click()
            target = page.locator("article:target h3")
            assert target.inner_text() == name
            assert page.trouble == []
            return
    pytest.fail("no page lists what a shop shows")


def test_page_is_accessible_to_screen_readers(open_page, real):
    page = open_page(real)
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3')].map((h) => Number(h.tagName[1]))"
    )

    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))  # noqa: B905, RUF007
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    tree = page.locator("#filter").aria_snapshot()
    assert 'checkbox "derived" [checked]' in tree
    assert 'spinbutton "Score at least"' in tree
