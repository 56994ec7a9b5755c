"""Load the pictures of a report as small inline pictures."""

import base64
import os
import tempfile
from collections.abc import Iterable, Set
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from imgmatch.errors import InputError
from imgmatch.image import ImageSource, decode
from imgmatch.sources import Loader, NamedImage

__all__ = ["Picture", "SuspectPictures", "inline", "thumbnail"]

THUMBNAIL_SIDE = 400
"""Long side of a thumbnail, in pixels."""
MAX_BYTES = 20 * 1024
"""Largest encoded thumbnail, in bytes. With the number of pairs on a page, this bounds
the size of the page."""

_QUALITIES = (70, 55, 40, 5)
"""JPEG qualities to try, best first."""
_SHELVED_QUALITY = 92
"""JPEG quality of the temporary files."""

_Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a page holds it: a data URI, width and height in pixels."""

    uri: str
    width: int
    height: int


class SuspectPictures:
    """The suspects' pictures by name, as far as a report needs them.

    Files stay where they are and are opened when asked for. Pictures in memory or in
    an archive are kept as small temporary files until this is closed. So an archive
    is read in one go, and the pictures of a large scan do not fill the memory.

    Parameters
    ----------
    images : iterable of NamedImage
    wanted : set of str
        Names of the pictures that are needed; others are skipped.
    """

    def __init__(self, images: Iterable[NamedImage], wanted: Set[str]) -> None:
        self._paths: dict[str, str | os.PathLike[str]] = {}
        with ExitStack() as cleanup:
            folder = Path(
                cleanup.enter_context(tempfile.TemporaryDirectory(prefix="imgmatch-"))
            )
            loader = cleanup.enter_context(Loader())
            for image in images:
                if image.name not in wanted or image.name in self._paths:
                    continue
                if isinstance(image.image, str | os.PathLike):
                    self._paths[image.name] = image.image
                elif (pixels := _read(loader, image)) is not None:
                    path = folder / f"{len(self._paths)}.jpg"
                    PILImage.fromarray(pixels).save(path, quality=_SHELVED_QUALITY)
                    self._paths[image.name] = path
            self._cleanup = cleanup.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def thumbnail(self, name: str) -> _Pixels | None:
        """Return a picture's thumbnail; None if it is missing or cannot be read."""
        path = self._paths.get(name)
        return None if path is None else thumbnail(path)


def _read(loader: Loader, image: NamedImage) -> _Pixels | None:
    try:
        return thumbnail(loader.load(image.image))
    except InputError:  # the archive was removed or replaced
        return None


def thumbnail(image: ImageSource) -> _Pixels | None:
    """Read a picture as a thumbnail; enlarge a smaller picture.

    Returns
    -------
    (H, W, 3) uint8 or None
        None if the picture cannot be read. The page is drawn all the same.
    """
    try:
        pixels = decode(image, long_side=THUMBNAIL_SIDE).pixels
    except InputError:
        return None
    height, width = pixels.shape[:2]
    scale = THUMBNAIL_SIDE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def inline(pixels: _Pixels) -> Picture:
    """Encode a thumbnail in at most `MAX_BYTES`, at the best quality that fits."""
    height, width = pixels.shape[:2]
    for quality in _QUALITIES:
        content = BytesIO()
        PILImage.fromarray(pixels).save(content, "JPEG", quality=quality, optimize=True)
        if content.tell() <= MAX_BYTES:
            break
    encoded = base64.b64encode(content.getvalue()).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{encoded}", width, height)
