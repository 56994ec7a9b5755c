import subprocess
import sys

from comparisons import compared, unrelated
from places import ROOT

from imgmatch.results import Edit, EditKind
from imgmatch.types import Box

ADDED = Edit(EditKind.OVERLAY_ADDED, query_box=Box(10, 60, 90, 100))
REMOVED = Edit(EditKind.OVERLAY_REMOVED, reference_box=Box(50, 30, 70, 40))


def test_render_card_needs_neither_matplotlib_nor_pictures():
    script = """
import sys
sys.path[:0] = ["tests/helpers"]
sys.modules["matplotlib"] = None
from comparisons import compared
print(compared()._repr_html_())
"""
    html = subprocess.check_output([sys.executable, "-c", script], text=True, cwd=ROOT)

    assert html.count("<svg") == 2
    assert "derived, score 40.0" in html
    assert "cropped to 17 % of the original" in html
    assert "Suspect, 200 × 100 px" in html


def test_render_card_shows_regions_and_escapes_words():
    html = compared(reason="<b>&", edits=(ADDED, REMOVED))._repr_html_()

    assert html.count("<polygon") == 2
    assert 'x="10" y="60" width="80" height="40"' in html
    assert 'x="50" y="30" width="20" height="10"' in html
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
    assert unrelated()._repr_html_().count("<polygon") == 0
