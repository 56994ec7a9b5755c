"""List the images in folders, files, lists, archives and tables, with their names.

Nothing is unpacked to disk, and only the given paths are kept in memory, so a catalogue
may have any size. An image inside a larger file is listed as a place to read from
(`ContainedImage`). The code that verifies or registers the image reads it with a
`Loader`.
"""

from imgmatch.sources.find import find_images
from imgmatch.sources.named import (
    IMAGE_SUFFIXES,
    ContainedImage,
    Loader,
    NamedImage,
    PathLike,
    Unreadable,
)
from imgmatch.sources.spool import Spool

__all__ = [
    "IMAGE_SUFFIXES",
    "ContainedImage",
    "Loader",
    "NamedImage",
    "PathLike",
    "Spool",
    "Unreadable",
    "find_images",
]
