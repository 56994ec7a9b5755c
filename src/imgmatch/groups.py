"""Group the listings of a catalogue that share a picture, without a registry.

Input: the images of a catalogue. Output: `Duplicates`, groups of listings and the
comparisons that tie them together. Each image is verified with all others as originals,
in a temporary registry.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from imgmatch.errors import InputError
from imgmatch.image import EncodedImage, read_image
from imgmatch.registry import Registry
from imgmatch.results import Comparison, Result, ScanFailure, Verdict
from imgmatch.scans import scan
from imgmatch.sources import Loader, NamedImage, PathLike, find_images
from imgmatch.verification import MAX_CANDIDATES

__all__ = ["CatalogueImage", "Duplicates", "Group", "Link", "duplicates"]

_Tie: TypeAlias = tuple[int, int, Comparison]
"""Numbers of the reference and the query of a derived pair, and their comparison."""


@dataclass(frozen=True, slots=True)
class CatalogueImage:
    """An image of the catalogue, the picture of one listing.

    Attributes
    ----------
    name : str
    sha256 : str
        Of its bytes.
    columns : mapping
        Other columns of its source, such as its shop.
    """

    name: str
    sha256: str
    columns: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the listing as JSON-ready values."""
        carried = {"columns": dict(self.columns)} if self.columns else {}
        return {"name": self.name, "sha256": self.sha256, **carried}


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """Two listings, one of which shows the other's picture.

    Pixels cannot tell which came first. `reference` and `query` only name the sides of
    the comparison.
    """

    reference: str
    query: str
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """Return the pair as JSON-ready values."""
        return {
            "reference": self.reference,
            "query": self.query,
            **self.comparison.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """At least two listings that share a picture.

    Attributes
    ----------
    listings : tuple of CatalogueImage
        In the order of the catalogue. Some may have the same bytes.
    pairs : tuple of Link
        The comparisons that tie them together. Listings of the same bytes need none.
    """

    listings: tuple[CatalogueImage, ...]
    pairs: tuple[Link, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON-ready values."""
        return {
            "listings": [listing.to_dict() for listing in self.listings],
            "pairs": [pair.to_dict() for pair in self.pairs],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """The groups of a catalogue, and the listings that failed.

    Attributes
    ----------
    groups : tuple of Group
        In the order of their first listings.
    failures : tuple of ScanFailure
        Listings that could not be read, the first time or when they were to be
        compared. In the second case other listings may still be grouped with them.
    total : int
        Number of listings, including those that failed.
    """

    groups: tuple[Group, ...]
    failures: tuple[ScanFailure, ...]
    total: int


def duplicates(
    sources: PathLike | Iterable[PathLike | NamedImage],
    *,
    column: str = "image",
    max_candidates: int = MAX_CANDIDATES,
    workers: int = 1,
) -> Duplicates:
    """Group the listings of a catalogue that share a picture.

    Each listing is compared with all others, as a suspect is with originals. Two
    listings whose verdict is `derived` are in one group, and so are listings that a
    chain of such pairs connects. A collage joins the groups of its pictures. Pictures
    are read twice. Names and columns are kept in memory, fingerprints on disk.

    Parameters
    ----------
    sources, column
        As for `imgmatch.scan`.
    max_candidates : int
        Other listings to compare each listing with in full at most.
    workers : int
        Processes that compare; see `imgmatch.scan`.

    Returns
    -------
    Duplicates
    """
    images = list(find_images(sources, column=column))
    listings: dict[int, CatalogueImage] = {}
    failures: list[ScanFailure] = []
    same_bytes: defaultdict[str, list[int]] = defaultdict(list)
    with Registry.temporary() as registry:
        with Loader() as loader:
            for number, image in enumerate(images):
                try:
                    encoded = _read(loader, image)
                    digest = encoded.sha256
                    if digest not in same_bytes:
                        registry.add(encoded, reference_id=str(number))
                except InputError as error:
                    failures.append(ScanFailure.of(image.name, error, image.columns))
                    continue
                same_bytes[digest].append(number)
                listings[number] = CatalogueImage(image.name, digest, image.columns)
        registry.commit()
        suspects = (
            replace(images[numbers[0]], name=str(numbers[0]), columns={})
            for numbers in same_bytes.values()
        )
        limit = max_candidates + 1  # a listing finds itself too
        ties: list[_Tie] = []
        for outcome in scan(suspects, registry, max_candidates=limit, workers=workers):
            if isinstance(outcome, ScanFailure):
                one = listings[int(outcome.query)]
                failures.append(replace(outcome, query=one.name, columns=one.columns))
            else:
                ties += _ties(outcome)
        return Duplicates(
            tuple(_groups(listings, same_bytes.values(), ties)),
            tuple(failures),
            len(images),
        )


def _read(loader: Loader, image: NamedImage) -> EncodedImage:
    loaded = loader.load(image.image)
    if isinstance(loaded, np.ndarray):
        raise InputError(f"want the bytes of an image, got pixels: {image.name}")
    return read_image(loaded)


def _ties(result: Result) -> Iterator[_Tie]:
    for match in result.matches:
        if match.reference_id == result.query:
            continue
        if match.comparison.verdict is Verdict.DERIVED:
            yield int(match.reference_id), int(result.query), match.comparison


def _groups(
    listings: Mapping[int, CatalogueImage],
    same_bytes: Iterable[list[int]],
    ties: list[_Tie],
) -> Iterator[Group]:
    """Join the listings that ties connect, by union-find."""
    parents = {number: number for number in listings}

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    def join(one: int, other: int) -> None:
        first, second = sorted((root(one), root(other)))
        parents[second] = first

    for numbers in same_bytes:
        for number in numbers[1:]:
            join(numbers[0], number)
    for reference, query, _ in ties:
        join(reference, query)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number in listings:
        members[root(number)].append(number)
    pairs: defaultdict[int, list[Link]] = defaultdict(list)
    for reference, query, comparison in ties:
        names = listings[reference].name, listings[query].name
        pairs[root(reference)].append(Link(*names, comparison))
    for first, numbers in members.items():
        if len(numbers) > 1:
            group = tuple(listings[number] for number in numbers)
            yield Group(group, tuple(pairs[first]))
