"""The decode gate: the only reader of image bytes.

Originals and suspects are decoded by the same rules, so that values computed from
their pixels can be compared. `DECODE_POLICY` is the name of these rules:

- Pillow decodes, with the format plugins that `header` lists and no others.
  The numbers of bytes, pixels, frames and scans are checked against limits before
  any pixel is decoded.
- Of several frames or images in a file, the first one is used.
- Transparent pixels are composited onto white. 16-bit samples keep their high
  byte. Palette, 1-bit and CMYK pixels become RGB.
- If the caller wants fewer pixels, the image is first reduced by a power of two (a
  JPEG in its DCT domain, others by the box mean), then bilinearly by the remaining
  factor, which is below two. An image is never enlarged.
- An embedded ICC profile is converted to sRGB with perceptual intent. A profile is
  ignored if it is broken, does not fit the pixels or would hardly change a colour.
- Pixels are turned upright by the Exif orientation.
- If the caller wants only luma, a JPEG's own luma is used, not that of its RGB.

A JPEG without its end-of-image marker is refused as truncated, even if only the
marker is missing. Bytes after the marker are ignored.
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
