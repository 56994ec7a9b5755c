import json
import math

import pytest
from comparisons import compared, unrelated
from PIL import Image

from imgmatch import cli
from imgmatch.results import Verdict


@pytest.fixture
def pair(originals):
    return originals / "0.png", originals / "1.png"


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(verdict, int(verdict is not Verdict.DERIVED)) for verdict in Verdict],
)
def test_compare_exits_like_grep(run, pair, monkeypatch, verdict, status):
    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: compared(verdict))

    assert run("compare", *pair)[0] == status


def test_compare_prints_words_or_json(run, pair, monkeypatch):
    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: compared())

    _, out, err = run("compare", *pair)
    assert out.splitlines() == [
        "derived, score 40.0",
        "  Made up.",
        "  edit: cropped to 17 % of the original",
        "  direction: consistent with a copy",
        "  expected false accusations: 1e-09",
    ]
    assert err == ""

    _, out, err = run("compare", *pair, "--json")
    assert json.loads(out) == compared().to_dict()
    assert err == ""

    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: unrelated(-math.inf))
    _, out, _ = run("compare", *pair)
    assert out.startswith("unrelated\n")
    _, out, _ = run("compare", *pair, "--json")
    assert "Infinity" not in out  # JSON has none
    assert json.loads(out)["score"] is None


def test_compare_draws_a_figure(run, pair, tmp_path, monkeypatch):
    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: compared())

    assert run("compare", *pair, "--figure", tmp_path / "out.png")[0] == 0
    with Image.open(tmp_path / "out.png") as figure:
        assert figure.format == "PNG"
        assert figure.width > figure.height > 480

    status, _, err = run("compare", *pair, "--figure", tmp_path / "out.bmp")
    assert status == 2
    assert "want a .png" in err


def test_compare_refuses_what_is_no_image(run, originals, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")

    status, out, err = run("compare", originals / "0.png", tmp_path / "text.jpg")

    assert status == 2
    assert out == ""
    assert err.startswith("imgmatch: cannot decode")
    assert "text.jpg" in err
