import numpy as np
import pytest
from benchmarks.quality.negatives import TEMPLATES

pytestmark = pytest.mark.usefixtures("chinese_font")


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_put_the_same_graphic_on_any_photograph(name):
    """What is drawn opaquely is the same on black and on white."""
    black, white = (np.full((300, 400, 3), level, np.uint8) for level in (0, 255))
    first, second = (
        TEMPLATES[name](picture, np.random.default_rng(9)) for picture in (black, white)
    )

    contrast = (second.astype(int) - first).min(axis=2)
    assert first.shape == second.shape
    assert contrast.max() == 255  # the photograph still shows
    assert (contrast < 250).mean() > 0.001  # and so does the graphic
