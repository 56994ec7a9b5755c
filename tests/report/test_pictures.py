from imgmatch.report import pictures


def test_inline_keeps_a_thumbnail_within_max_bytes(rng):
    noise = rng.integers(0, 256, (400, 400, 3), "uint8")

    picture = pictures.inline(noise)

    assert len(picture.uri) < 4 / 3 * pictures.MAX_BYTES + 100
    assert picture.uri.startswith("data:image/jpeg;base64,")
