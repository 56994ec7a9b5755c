"""Make the Jinja2 environment that draws HTML pages and cards."""

import math

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from imgmatch.show.figure import OVERLAY_COLOUR, REGION_COLOUR
from imgmatch.show.words import VERDICT_WORDS, describe_verdict

__all__ = ["templates"]


def templates(package: str) -> Environment:
    """Return an environment that escapes every value given to a template.

    Parameters
    ----------
    package : str
        Package whose templates it finds, beside those of `imgmatch.show`.
    """
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader(name, ".") for name in (package, "imgmatch.show")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda fraction: f"{100 * fraction:.0f} %"
    environment.filters["score"] = _in_digits
    environment.filters["verdict"] = describe_verdict
    environment.filters["points"] = _points
    environment.globals["words"] = VERDICT_WORDS
    environment.globals["region_colour"] = _css(REGION_COLOUR)
    environment.globals["overlay_colour"] = _css(OVERLAY_COLOUR)
    return environment


def _in_digits(score: float) -> str:
    return f"{score:.1f}" if math.isfinite(score) else "none"


def _points(corners: NDArray[np.float64]) -> str:
    """Write polygon corners for SVG, where pixel centres lie at halves."""
    return " ".join(f"{x + 0.5:.1f},{y + 0.5:.1f}" for x, y in corners)


def _css(colour: tuple[int, int, int]) -> str:
    return f"rgb{colour}"
