"""Folders, files, lists, archives and tables -> images with their names.

Nothing is unpacked to disk, and nothing but the paths given is kept in memory: a
catalogue of any size passes through. What lies inside a larger file is passed on
as a place to read from (`ContainedImage`); whoever judges it reads it with a `Loader`.
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
