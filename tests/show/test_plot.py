import sys

import numpy as np
import pytest
from comparisons import compared, unrelated
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon, Rectangle
from pictures import draw, encoded

from imgmatch.errors import DecodeError, MissingExtraError
from imgmatch.results import Edit, EditKind, Verdict
from imgmatch.types import Box

ADDED = Edit(EditKind.OVERLAY_ADDED, query_box=Box(10, 60, 90, 100))
REMOVED = Edit(EditKind.OVERLAY_REMOVED, reference_box=Box(50, 30, 70, 40))


def patches(axes, kind):
    return [patch for patch in axes.patches if isinstance(patch, kind)]


def test_plot_shows_both_pictures_in_full_size_pixels():
    figure = compared().plot(draw(1), encoded(draw(2, size=(200, 100))))
    left, right = figure.axes

    assert left.images[0].get_extent() == [-0.5, 199.5, 149.5, -0.5]
    assert right.images[0].get_extent() == [-0.5, 199.5, 99.5, -0.5]
    np.testing.assert_array_equal(left.images[0].get_array(), draw(1))
    assert left.get_title() == "Original, 200 x 150 px"
    assert right.get_title() == "Suspect, 200 x 100 px"
    assert figure.get_suptitle().startswith("derived, score 40.0\ncropped to 17 %")


def test_plot_outlines_the_region_and_the_overlays():
    left, right = compared(edits=(ADDED, REMOVED)).plot().axes

    (region,) = patches(left, Polygon)
    assert to_hex(region.get_edgecolor()) == "#00d68f"
    corners = np.array([[49.5, 24.5], [149.5, 24.5], [149.5, 74.5], [49.5, 74.5]])
    np.testing.assert_allclose(region.get_xy()[:-1], corners, atol=0.6)
    (removed,) = patches(left, Rectangle)
    (added,) = patches(right, Rectangle)
    assert removed.get_bbox().bounds == (49.5, 29.5, 20, 10)
    assert added.get_bbox().bounds == (9.5, 59.5, 80, 40)
    assert to_hex(added.get_edgecolor()) == "#ff9f0a"


@pytest.mark.parametrize("found", [compared(), compared(Verdict.REVIEW), unrelated()])
def test_plot_draws_any_verdict_and_leaves_no_figure_open(found, tmp_path):
    figure = found.plot()
    figure.savefig(tmp_path / "figure.png")

    assert (tmp_path / "figure.png").stat().st_size > 1000
    assert pyplot.get_fignums() == []


def test_plot_refuses_a_picture_that_cannot_be_read():
    with pytest.raises(DecodeError):
        compared().plot("no/such/file.png")


def test_plot_without_matplotlib_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    hint = r"pip install 'imgmatch-copy-detection\[plot\]'"
    with pytest.raises(MissingExtraError, match=hint):
        compared().plot()
