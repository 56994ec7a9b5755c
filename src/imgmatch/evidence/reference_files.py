"""Write the reference side of a comparison as files, and read it back.

A registry does not keep its originals' files. It compares a suspect with a reduced
picture and the features of the original. The bundle holds these two, bit for bit, so
that the verdict can be computed again. Whoever has the original can fingerprint it
and get the same files.
"""

from collections.abc import Mapping
from io import BytesIO

import numpy as np

from imgmatch.errors import BundleError
from imgmatch.evidence.privacy import as_png
from imgmatch.features import Features
from imgmatch.fingerprint import Fingerprint
from imgmatch.hashing import hash_luma
from imgmatch.image import Pyramid, decode
from imgmatch.types import Size

__all__ = ["PREVIEW", "read_reference", "write_reference"]

PREVIEW = "reference/preview.png"
_FEATURES = {
    name: f"reference/{name}.npy" for name in ("xy", "scale", "angle", "descriptors")
}
_SHAPES = {"xy": (2,), "scale": (), "angle": (), "descriptors": (4,)}
_DTYPES = {"descriptors": np.dtype("<u8")}
_FLOATS = np.dtype("<f4")


def write_reference(reference: Fingerprint) -> dict[str, bytes]:
    """Return the members that hold what a comparison needs of an original."""
    members = {PREVIEW: as_png(reference.colour.pixels)}
    for name, member in _FEATURES.items():
        content = BytesIO()
        array = np.ascontiguousarray(getattr(reference.features, name))
        np.save(content, array.astype(_DTYPES.get(name, _FLOATS)), allow_pickle=False)
        members[member] = content.getvalue()
    return members


def read_reference(
    members: Mapping[str, bytes], *, sha256: str, size: Size
) -> Fingerprint:
    """Read what `write_reference` wrote.

    Raises
    ------
    BundleError
        If a member is missing, cannot be read, or has another shape or dtype.
    """
    try:
        picture = decode(members[PREVIEW])
        arrays = {
            name: np.load(BytesIO(members[member]), allow_pickle=False)
            for name, member in _FEATURES.items()
        }
    except (KeyError, ValueError, OSError, EOFError, MemoryError) as error:
        raise BundleError(f"the reference side cannot be read: {error}") from error
    rows = len(arrays["xy"])
    for name, array in arrays.items():
        shape, dtype = (rows, *_SHAPES[name]), _DTYPES.get(name, _FLOATS)
        if array.shape != shape or array.dtype != dtype:
            raise BundleError(
                f"{_FEATURES[name]}: want {dtype} {shape}, got {array.dtype} "
                f"{array.shape}"
            )
    grey = picture.grey
    return Fingerprint(
        sha256,
        size,
        hash_luma(grey),
        Features(**arrays),
        Pyramid(picture.pixels, size),
        Pyramid(grey, size),
    )
