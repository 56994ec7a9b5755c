"""Where an answer finds what draws it.

Answers do not import what draws them, for that imports the answers. `imgmatch.show`
names its functions here instead, when `imgmatch` is imported.
"""

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["draw", "drawer"]

Function = TypeVar("Function", bound=Callable[..., Any])

_drawers: dict[str, Callable[..., Any]] = {}


def drawer(form: str) -> Callable[[Function], Function]:
    """Name the decorated function as what draws answers in a form, such as a card."""

    def name(function: Function) -> Function:
        _drawers[form] = function
        return function

    return name


def draw(form: str, *arguments: Any) -> Any:
    """Draw an answer in a form."""
    return _drawers[form](*arguments)
