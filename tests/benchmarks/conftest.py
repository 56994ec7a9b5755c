"""Fixtures for the tests of the quality benchmark."""

import csv

import pytest
from benchmarks.quality.fonts import FontMissingError, font
from PIL import Image
from skimage import data


@pytest.fixture(scope="session")
def chinese_font():
    """Skip the test where no Chinese font is installed."""
    try:
        font(12, cjk=True)
    except FontMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory):
    """Three products, another photograph of one of them, two distractors."""
    root = tmp_path_factory.mktemp("photos")
    pictures = [
        ("original", "a", data.astronaut()),
        ("original", "b", data.coffee()),
        ("original", "c", data.stereo_motorcycle()[0]),
        ("hard_negative", "c", data.stereo_motorcycle()[1]),
        ("distractor", "", data.chelsea()),
        ("distractor", "z", data.rocket()),
    ]
    rows = []
    for number, (role, group, pixels) in enumerate(pictures):
        picture = Image.fromarray(pixels)
        picture.thumbnail((240, 240))
        picture.save(root / f"{number}.png")
        rows.append({"path": f"{number}.png", "role": role, "group": group})
    folder = root / "benchmarks" / "tiny"
    folder.mkdir(parents=True)
    (folder / "ground_truth.csv").write_text(
        "suspect,original,label\n../../0.png,../../0.png,copy\n"
        "../../1.png,,not_copy\n../../2.png,../../0.png,ambiguous\n",
        encoding="utf-8",
    )
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("path", "role", "group", "source"))
        writer.writeheader()
        writer.writerows(rows)
    return root
