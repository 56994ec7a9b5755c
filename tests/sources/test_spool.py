import threading

import pytest

from imgmatch.errors import InputError
from imgmatch.sources import NamedImage, Spool


def named(count):
    return [NamedImage(f"{n}.png", f"/x/{n}.png", {"n": n}) for n in range(count)]


def seen(images):
    return [(image.name, image.image, dict(image.columns)) for image in images]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_spool_gives_all_images_any_number_of_times(count):
    images = named(count)
    with Spool(iter(images)) as spool:
        assert seen(spool) == seen(spool) == seen(images)
        assert spool.total == count


def test_spool_goes_through_the_images_once():
    passed = []

    def images():
        for image in named(200):
            passed.append(image.name)
            yield image

    with Spool(images()) as spool:
        list(spool)
        list(spool)

    assert len(passed) == 200


def test_spool_gives_what_is_listed_while_the_rest_is_still_being_listed():
    go_on = threading.Event()

    def images():
        yield from named(1)
        go_on.wait(60)
        yield from named(70)

    with Spool(images()) as spool:
        listed = iter(spool)
        assert next(listed).name == "0.png"
        assert spool.total is None
        go_on.set()
        assert len(list(listed)) == 70
        assert spool.total == 71


def test_spool_raises_what_listing_raised_where_the_list_ends():
    def images():
        yield from named(2)
        raise InputError("want a column")

    with Spool(images()) as spool:
        for _ in range(2):
            listed = iter(spool)
            assert [next(listed).name, next(listed).name] == ["0.png", "1.png"]
            with pytest.raises(InputError, match="want a column"):
                next(listed)


def test_spool_stops_listing_when_it_is_closed():
    def endless():
        while True:
            yield from named(1)

    with Spool(endless()) as spool:
        assert next(iter(spool)).name == "0.png"
