"""Find the images that paths, globs and lists name, always in the same order.

An image inside a given folder is named by its path relative to that folder, with
forward slashes on every system. An image inside an archive is named by the archive's
name and its own. Every other image keeps the name it was given.
"""

import glob
import os
from collections.abc import Iterable, Iterator
from fnmatch import translate
from pathlib import Path
from re import compile as compile_pattern

from imgmatch.sources import lists, tables, tarfiles, zipfiles
from imgmatch.sources.named import NamedImage, PathLike, claims_image

__all__ = ["find_images"]

ARCHIVES = {
    **dict.fromkeys(tarfiles.SUFFIXES, tarfiles.members),
    **dict.fromkeys(zipfiles.SUFFIXES, zipfiles.members),
}


def find_images(
    paths: PathLike | Iterable[PathLike | NamedImage], *, column: str = "image"
) -> Iterator[NamedImage]:
    """List the images that paths lead to, always in the same order.

    - A folder is walked recursively: first its files, then its folders, both sorted
      by name. A file counts if its suffix or its first bytes claim an image, or if
      it is an archive or a table.
    - ``*``, ``?``, ``[..]`` and ``**`` match as in a shell, unless a file has exactly
      that name.
    - ``.tar`` (also compressed) and ``.zip`` are searched for images. In WebDataset
      shards, the ``.json`` members become `NamedImage.columns`. Member names are only
      data: nothing is unpacked.
    - ``.parquet`` holds images in a column, as bytes or as paths; its other columns
      become `NamedImage.columns`.
    - ``.txt`` is a list of paths, one a line; ``.csv`` and ``.tsv`` name them in a
      column, and the other columns become `NamedImage.columns`. Lists are read only
      if they are given here, not if they are in a folder. Relative paths start at
      the list's own folder.
    - Any other file given here is listed, whatever it looks like.

    Files are not decoded here. What cannot be opened (a missing file, a damaged
    archive) is listed like an image and raises an error when it is read, so that the
    caller reports it instead of skipping it.

    Parameters
    ----------
    paths : path, or iterable of paths and `NamedImage`
        A `NamedImage` is yielded unchanged.
    column : str
        The column of tables and lists that holds the image.

    Yields
    ------
    NamedImage
        Each file once, even if the paths overlap. If two files would have the same
        name, the later one keeps its folder in its name.

    Raises
    ------
    InputError
        If a table or a list has no such column.
    MissingExtraError
        If there is a Parquet file and pyarrow is not installed.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    folders: list[Path] = []
    files: set[str] = set()
    for given in paths:
        if isinstance(given, NamedImage):
            yield given
            continue
        for root in _expand(given):
            if root.is_dir():
                yield from _in_folder(root, folders, files, column)
                folders.append(root)
                continue
            absolute = os.path.abspath(root)  # noqa: PTH100 (resolve() would follow links)
            listed = any(_walked(folder, root) for folder in folders)
            if absolute not in files and not listed:
                files.add(absolute)
                taken = any((folder / root).exists() for folder in folders)
                yield from _in_file(Path(absolute) if taken else root, column)


def _in_folder(
    root: Path, earlier: list[Path], files: set[str], column: str
) -> Iterator[NamedImage]:
    for path in _walk(root):
        absolute = os.path.abspath(path)  # noqa: PTH100
        if absolute in files or any(_walked(folder, path) for folder in earlier):
            continue
        inside = path.relative_to(root)
        taken = any((folder / inside).exists() for folder in earlier)
        taken = taken or os.path.abspath(inside) in files  # noqa: PTH100
        name = path if taken or path == root else inside
        yield from _open(name.as_posix(), path, column)


def _in_file(path: Path, column: str) -> Iterator[NamedImage]:
    suffix = path.suffix.lower()
    if suffix == ".txt":
        entries = lists.lines(path)
    elif suffix in lists.DELIMITERS:
        entries = lists.rows(path, column)
    else:
        yield from _open(path.as_posix(), path, column)
        return
    for entry in entries:
        if not isinstance(entry.image, Path):
            yield entry
            continue
        for found in _open(entry.name, entry.image, column):
            yield NamedImage(
                found.name, found.image, {**entry.columns, **found.columns}
            )


def _open(name: str, path: Path, column: str) -> Iterator[NamedImage]:
    """Yield a file, or the images in an archive or a table."""
    kind = _kind(path)
    if kind in ARCHIVES:
        yield from ARCHIVES[kind](name, path)
    elif kind in tables.SUFFIXES:
        for found in tables.rows(name, path, column):
            if not isinstance(found.image, Path):
                yield found
                continue
            yield from (
                NamedImage(inner.name, inner.image, {**found.columns, **inner.columns})
                for inner in _open(found.name, found.image, column)
            )
    else:
        yield NamedImage(name, path)


def _kind(path: Path) -> str:
    """Return the suffix that tells the type of a file; ``.tar.gz`` is one suffix."""
    suffix = path.suffix.lower()
    longer = Path(path.stem).suffix.lower() + suffix
    return longer if longer in ARCHIVES else suffix


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder` that count, then the folders it cannot read."""
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(os.fsdecode(error.filename)))

    for here, folders, names in os.walk(folder, onerror=note):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if _counts(path):
                yield path
    yield from unreadable


def _counts(path: Path) -> bool:
    """Return whether a file in a folder is an image, an archive or a table."""
    kind = _kind(path)
    if kind in ARCHIVES or kind in tables.SUFFIXES:
        return True
    return claims_image(path.suffix, lambda: _head(path))


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""  # a pipe or a device would block
        with path.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""


def _walked(folder: Path, path: Path) -> bool:
    """Return whether walking a folder has yielded a path."""
    above, below = Path(os.path.abspath(folder)), Path(os.path.abspath(path))  # noqa: PTH100
    if above not in below.parents:
        return False
    between = list(below.parents)[: list(below.parents).index(above)]
    return not any(step.is_symlink() for step in between) and _counts(path)


def _expand(given: PathLike) -> Iterator[Path]:
    """Yield what a glob matches, in order; yield any other path unchanged."""
    path = Path(given)
    if not glob.has_magic(os.fspath(given)) or os.path.lexists(path):
        yield path
        return
    parts = path.parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    matches = _matches(Path(*parts[:fixed]), parts[fixed:])
    first = next(matches, None)
    if first is None:
        yield path  # no match: the caller reports it as a missing file
        return
    yield first
    yield from matches


def _matches(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    part, rest = parts[0], parts[1:]
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return
    if part == "**":
        if rest:
            yield from _matches(folder, rest)
        for name in names:
            inner = folder / name
            if name.startswith("."):
                continue
            if inner.is_dir() and not inner.is_symlink():
                yield from _matches(inner, parts)
            elif not rest:
                yield inner
        return
    fits = compile_pattern(translate(part)).match
    for name in names:
        if not fits(name) or (name.startswith(".") and not part.startswith(".")):
            continue
        if not rest:
            yield folder / name
        elif (folder / name).is_dir():
            yield from _matches(folder / name, rest)
