"""Find the function that draws a result.

Results cannot import the code that draws them, because that code imports the results.
Instead, `imgmatch.show` registers its functions here when `imgmatch` is imported.
"""

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["draw", "register_drawer"]

Function = TypeVar("Function", bound=Callable[..., Any])

_drawers: dict[str, Callable[..., Any]] = {}


def register_drawer(form: str) -> Callable[[Function], Function]:
    """Register the decorated function to draw results in a form, such as ``card``."""

    def name(function: Function) -> Function:
        _drawers[form] = function
        return function

    return name


def draw(form: str, *arguments: Any) -> Any:
    """Draw a result in a form, with the function registered for it."""
    return _drawers[form](*arguments)
