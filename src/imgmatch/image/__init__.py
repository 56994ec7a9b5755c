"""The decode gate: the only reader of image bytes.

Originals and suspects pass through one policy, named `DECODE_POLICY`, so that
what is computed from their pixels can be compared:

- Pillow decodes, by the format plugins listed in `header` and no others.
  Bytes, pixels, frames and scans are capped before any pixel is decoded.
- Of several frames or pictures, the first counts.
- Transparent pixels are composited onto white. 16-bit samples keep their high
  byte. Palette, 1-bit and CMYK pixels become RGB.
- When fewer pixels are asked for, the picture is first reduced by a power of
  two (a JPEG in its DCT domain, others by the box mean), then bilinearly by
  the remaining factor, which is below two. It is never enlarged.
- An embedded ICC profile is converted to sRGB, perceptual intent. One that is
  broken, does not fit the pixels, or would hardly move a colour is ignored.
- Pixels are turned upright by the Exif orientation.
- Where only luma is asked for, a JPEG gives its own instead of that of its RGB.

A JPEG without its end-of-image marker counts as truncated, even if nothing
but the marker is missing; bytes after the marker are ignored.
"""

from imgmatch.image.gate import (
    DECODE_POLICY,
    EncodedImage,
    Image,
    ImageSource,
    decode,
    decode_grey,
    read_file,
    read_image,
)
from imgmatch.image.header import Limits
from imgmatch.image.pyramid import Pyramid

__all__ = [
    "DECODE_POLICY",
    "EncodedImage",
    "Image",
    "ImageSource",
    "Limits",
    "Pyramid",
    "decode",
    "decode_grey",
    "read_file",
    "read_image",
]
