"""A suspect while steps edit it: its pixels and the ground truth about them.

Coordinates are (x, y) pixels with integers at pixel centres. Boxes are
(x0, y0, x1, y1), x1 and y1 exclusive: the pixel (0, 0) is the box (0, 0, 1, 1).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]

__all__ = [
    "Box",
    "Colour",
    "Edited",
    "Image",
    "cropped",
    "kinds_of",
    "mirrored",
    "painted",
    "placed",
    "resized",
    "start",
    "warped",
]


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """A suspect and the ground truth about it.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
        RGB, before the last save.
    homography : (3, 3) float64
        Original px -> suspect px.
    region : (N, 2) float64
        Convex outline of the copied content in suspect px; pixel edges, that
        is (-0.5, -0.5) for the corner of the first pixel.
    original_size : (int, int)
        Width and height of the original.
    recoloured : bool
        Whether colours changed visibly.
    tolerated : tuple of str
        Kinds of edit that an explanation may name or not: neither is an error.
    overlay_boxes : tuple of Box
        Graphics drawn over the content, suspect px.
    removed_boxes : tuple of Box
        Marks of the reference that were wiped or covered, reference px.
    reference : (H, W, 3) uint8 or None
        The registered picture, if it is not the original itself.
    boxed : bool
        Whether the boxes are well defined; they are not for a cut-out product.
    """

    pixels: Image
    homography: NDArray[np.float64]
    region: NDArray[np.float64]
    original_size: tuple[int, int]
    recoloured: bool = False
    tolerated: tuple[str, ...] = ()
    overlay_boxes: tuple[Box, ...] = ()
    removed_boxes: tuple[Box, ...] = ()
    reference: Image | None = None
    boxed: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the suspect."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def mirrored(self) -> bool:
        """Whether the content is a mirror image of the original."""
        return bool(np.linalg.det(self.homography[:2, :2]) < 0)

    @property
    def query_box(self) -> Box | None:
        """Bounding box of the copied content in suspect px."""
        return _bounds(self.region) if self.boxed else None

    @property
    def kept_box(self) -> Box | None:
        """Bounding box of the copied content in original px."""
        if not self.boxed:
            return None
        back = _project(_inverse(self.homography), self.region)
        width, height = self.original_size
        x0, y0, x1, y1 = _bounds(back)
        return max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of edit that a full explanation must name."""
        sure, _ = kinds_of(self)
        return sure

    @property
    def open_kinds(self) -> tuple[str, ...]:
        """Kinds of edit too slight or too ambiguous to demand or forbid."""
        _, unsure = kinds_of(self)
        return unsure


def start(image: Image) -> Edited:
    """Return the unedited original, for the first step."""
    height, width = image.shape[:2]
    return Edited(image, np.eye(3), _rectangle(width, height), (width, height))


def painted(
    scene: Edited,
    pixels: Image,
    *,
    recoloured: bool = False,
    boxes: tuple[Box, ...] = (),
    tolerated: tuple[str, ...] = (),
) -> Edited:
    """Replace the pixels; every pixel keeps its place."""
    return replace(
        scene,
        pixels=np.ascontiguousarray(pixels),
        recoloured=scene.recoloured or recoloured,
        tolerated=scene.tolerated + tolerated,
        overlay_boxes=scene.overlay_boxes + boxes,
    )


def resized(scene: Edited, width: int, height: int) -> Edited:
    """Resample to a new size; the two scales may differ."""
    old_width, old_height = scene.size
    shrinks = width * height < old_width * old_height
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    scaled = cv2.resize(scene.pixels, (width, height), interpolation=method)
    pixels = np.asarray(scaled, np.uint8)
    sx, sy = width / old_width, height / old_height
    return _moved(scene, pixels, _affine(sx, sy, (sx - 1) / 2, (sy - 1) / 2))


def cropped(scene: Edited, x0: int, y0: int, width: int, height: int) -> Edited:
    """Crop the suspect to a box."""
    pixels = scene.pixels[y0 : y0 + height, x0 : x0 + width].copy()
    return _moved(scene, pixels, _affine(1, 1, -x0, -y0))


def mirrored(scene: Edited) -> Edited:
    """Mirror the suspect: swap left and right."""
    pixels = np.ascontiguousarray(scene.pixels[:, ::-1])
    return _moved(scene, pixels, _affine(-1, 1, scene.size[0] - 1, 0))


def warped(
    scene: Edited,
    matrix: NDArray[np.float64],
    size: tuple[int, int],
    *,
    fill: Colour = (255, 255, 255),
) -> Edited:
    """Warp the suspect by a homography (suspect px -> new suspect px)."""
    pixels = cv2.warpPerspective(
        scene.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderValue=fill
    )
    return _moved(scene, np.asarray(pixels, np.uint8), np.asarray(matrix, np.float64))


def placed(scene: Edited, canvas: Image, x: int, y: int) -> Edited:
    """Paste the suspect into a larger picture at (x, y)."""
    out = canvas.copy()
    width, height = scene.size
    out[y : y + height, x : x + width] = scene.pixels
    return _moved(scene, out, _affine(1, 1, x, y))


def kinds_of(scene: Edited) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds of edit that an explanation must name, and those left open.

    A geometric kind is certain if it is clearly visible, and open if it is slight.
    Filled corners may be called an inset, and the scale that comes with perspective a
    resize or a stretch; neither name is demanded.
    """
    unsure = list(scene.tolerated)
    named = {
        "recolour": scene.recoloured,
        "overlay_added": bool(scene.overlay_boxes),
        "overlay_removed": bool(scene.removed_boxes),
    }
    sure = [kind for kind, present in named.items() if present]
    for kind, amount, slight, clear in _geometry(scene):
        if amount >= clear:
            sure.append(kind)
        elif amount >= slight:
            unsure.append(kind)
    open_kinds = [kind for kind in unsure if kind not in sure or not scene.boxed]
    certain = [kind for kind in sure if kind not in open_kinds]
    return tuple(dict.fromkeys(certain)), tuple(dict.fromkeys(open_kinds))


def _geometry(scene: Edited) -> list[tuple[str, float, float, float]]:
    """Return each geometric kind, its amount, and where slight and clear begin."""
    matrix, back = scene.homography, _inverse(scene.homography)
    width, height = scene.original_size
    jacobian = _jacobian(matrix, _project(back, scene.region.mean(0)[None])[0])
    scales = np.linalg.svd(jacobian, compute_uv=False)
    if scene.mirrored:
        jacobian = jacobian @ np.diag([-1.0, 1.0])
    turn = jacobian[1, 0] - jacobian[0, 1], jacobian[0, 0] + jacobian[1, 1]
    corners = _project(matrix, _rectangle(width, height))
    gap = corners[0] - corners[1] + corners[2] - corners[3]
    tilt = np.abs(gap).max() / np.ptp(corners, axis=0).max()
    kept = _area(_project(back, scene.region)) / (width * height)
    x0, y0, x1, y1 = _bounds(scene.region)
    whole = scene.size[0] * scene.size[1]
    tilted = tilt > 0.005
    return [
        ("mirror", float(scene.mirrored), 1, 1),
        ("rotation", abs(np.degrees(np.arctan2(*turn))), 0.5, 6 if tilted else 2),
        ("resize", abs(np.log(scales.prod())) / 2, 0.005, 0.3 if tilted else 0.05),
        ("stretch", np.log(scales[0] / scales[1]), 0.005, 0.2 if tilted else 0.04),
        ("perspective", tilt, 0.005, 0.04),
        ("crop", 1 - kept, 0.002, 0.03),
        ("inset", 1 - (x1 - x0) * (y1 - y0) / whole, 0.002, 0.1),
        ("inset", 1 - _area(scene.region) / whole, 0.002, np.inf),
    ]


def _moved(scene: Edited, pixels: Image, matrix: NDArray[np.float64]) -> Edited:
    height, width = pixels.shape[:2]
    return replace(
        scene,
        pixels=pixels,
        homography=matrix @ scene.homography,
        region=_clip(_project(matrix, scene.region), width, height),
        overlay_boxes=tuple(
            moved
            for box in scene.overlay_boxes
            if (moved := _moved_box(box, matrix, width, height)) is not None
        ),
    )


def _moved_box(
    box: Box, matrix: NDArray[np.float64], width: int, height: int
) -> Box | None:
    x0, y0, x1, y1 = np.array(box) - 0.5
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    inside = _clip(_project(matrix, corners), width, height)
    return _bounds(inside) if _area(inside) >= 4 else None


def _affine(sx: float, sy: float, tx: float, ty: float) -> NDArray[np.float64]:
    return np.array([[sx, 0, tx], [0, sy, ty], [0, 0, 1]], np.float64)


def _rectangle(width: int, height: int) -> NDArray[np.float64]:
    x, y = width - 0.5, height - 0.5
    return np.array([[-0.5, -0.5], [x, -0.5], [x, y], [-0.5, y]])


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.inv(matrix).astype(np.float64)


def _project(
    matrix: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    moved = np.c_[points, np.ones(len(points))] @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:])


def _jacobian(
    matrix: NDArray[np.float64], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    steps = np.array([[0, 0], [1e-3, 0], [0, 1e-3]])
    moved = _project(matrix, point + steps)
    return np.asarray((moved[1:] - moved[0]).T / 1e-3)


def _bounds(polygon: NDArray[np.float64]) -> Box:
    (x0, y0), (x1, y1) = polygon.min(0) + 0.5, polygon.max(0) + 0.5
    return float(x0), float(y0), float(x1), float(y1)


def _area(polygon: NDArray[np.float64]) -> float:
    if len(polygon) < 3:
        return 0.0
    x, y = polygon.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _clip(polygon: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Clip a convex polygon to the picture (Sutherland and Hodgman, 1974)."""
    for axis, sign, limit in (
        (0, 1, -0.5),
        (1, 1, -0.5),
        (0, -1, width - 0.5),
        (1, -1, height - 0.5),
    ):
        depth = sign * (polygon[:, axis] - limit)
        kept = []
        for i in range(len(polygon)):
            a, b, da, db = polygon[i - 1], polygon[i], depth[i - 1], depth[i]
            if (da >= 0) != (db >= 0):
                kept.append(a + (b - a) * da / (da - db))
            if db >= 0:
                kept.append(b)
        polygon = np.array(kept).reshape(-1, 2)
        if not len(polygon):
            break
    return polygon
