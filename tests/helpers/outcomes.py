"""What a scan may come to, made up for tests of reports."""

from comparisons import compared
from pictures import draw, encoded

from imgmatch.results import Edit, EditKind, Match, Result, ScanFailure, Verdict
from imgmatch.sources import NamedImage

SHA256 = "0" * 64
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


def result(name, *found, **columns):
    matches = [Match(f"dress/{i}.png", one) for i, one in enumerate(found)]
    return Result(name, SHA256, tuple(matches), columns)


OUTCOMES = [
    result("shop/nothing.png"),
    result("shop/subject.png", compared(Verdict.SAME_SUBJECT, 12.0)),
    ScanFailure("shop/<broken>.png", "DecodeError", "empty (0 bytes)"),
    result("other/<b>weak</b>.png", compared(score=20.0), listing=17),
    result(
        "shop/中文.png",
        compared(score=50.0, edits=(Edit(EditKind.MIRROR),)),
        compared(Verdict.SAME_SUBJECT, 3.0),
    ),
]


def pictures_of(outcomes):
    return [NamedImage(outcome.query, encoded(draw(9))) for outcome in outcomes]
