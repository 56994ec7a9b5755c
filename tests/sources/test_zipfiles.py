import zipfile

import pytest

from imgmatch.sources import Loader, find_images


def test_members_may_have_the_same_name_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("1.png", b"two")

    with Loader() as loader:
        found = [loader.load(one.image) for one in find_images(tmp_path / "a.zip")]

    assert found == [b"one", b"two"]
