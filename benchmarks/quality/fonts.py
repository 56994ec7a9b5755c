"""Free fonts for the text that sellers put on pictures."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from PIL import ImageFont

__all__ = ["FontMissingError", "font"]

_KNOWN = {
    "latin": (
        "DejaVuSans-Bold.ttf",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
        "/System/Library/Fonts/Supplemental/Arial Bold.ttf",
        "C:/Windows/Fonts/arialbd.ttf",
    ),
    "cjk": (
        "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
        "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
        "/System/Library/Fonts/PingFang.ttc",
        "C:/Windows/Fonts/msyh.ttc",
    ),
}
_PATTERN = {"latin": "DejaVu Sans:bold", "cjk": ":lang=zh-cn:outline=true"}


class FontMissingError(RuntimeError):
    """No font of the wanted script is installed."""


def font(size: float, *, cjk: bool = False) -> ImageFont.FreeTypeFont:
    """Return a bold Latin font, or a Chinese one, at a size in pixels."""
    return _font(max(6, round(size)), "cjk" if cjk else "latin")


@cache
def _font(size: int, script: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_path(script), size)


@cache
def _path(script: str) -> str:
    for path in (*_KNOWN[script], *_from_fontconfig(_PATTERN[script])):
        try:
            ImageFont.truetype(path, 12)
        except OSError:
            continue
        return path
    raise FontMissingError(
        f"no {script} font found; install a free one, such as the Debian package "
        + ("fonts-wqy-microhei" if script == "cjk" else "fonts-dejavu-core")
    )


def _from_fontconfig(pattern: str) -> list[str]:
    if shutil.which("fc-list") is None:
        return []
    listing = subprocess.run(
        ["fc-list", "-f", "%{file}\n", pattern],
        capture_output=True,
        text=True,
        check=False,
    )
    return sorted(p for p in set(listing.stdout.split("\n")) if Path(p).is_file())
