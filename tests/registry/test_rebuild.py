import sqlite3

import pytest
from registries import bytes_of, found

from imgmatch.errors import RegistryCorruptError, RegistryVersionError
from imgmatch.registry import IndexRebuild, Registry


def test_index_rebuild_repairs_a_damaged_index(folder):
    with Registry.open(folder) as registry:
        registry.remove("0")
        registry.commit()
        before = found(registry.snapshot(), 1)
        names = {path.name for path in (folder / "segments").iterdir()}
        (entry,) = registry._database.segment_list().entries
        index = entry.index
    path = folder / "segments" / index
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with (
        Registry.open(folder, read_only=True) as registry,
        pytest.raises(RegistryCorruptError, match=index),
    ):
        registry.snapshot()

    with IndexRebuild(folder) as rebuild:
        assert len(rebuild) == 3  # including the removed original
        assert list(rebuild.run()) == ["0", "1", "2"]

    assert path.read_bytes() == content
    with Registry.open(folder, read_only=True) as registry:
        assert found(registry.snapshot(), 1) == before
        assert {path.name for path in (folder / "segments").iterdir()} == names
        assert list(registry.problems()) == []


def test_index_rebuild_replaces_an_index_of_another_version(folder):
    connection = sqlite3.connect(folder / "registry.sqlite")
    connection.execute("""UPDATE parameter SET value = '"old"' WHERE name = 'index'""")
    connection.execute("""INSERT INTO parameter VALUES ('no longer used', '1')""")
    connection.commit()
    connection.close()
    with pytest.raises(RegistryVersionError, match="rebuild-index"):
        Registry.open(folder)
    with IndexRebuild(folder) as rebuild:
        assert len(list(rebuild.run(workers=2))) == len(rebuild) == 3
    with Registry.open(folder, read_only=True) as registry:
        assert found(registry.snapshot(), 2)[0] == "2"


def test_index_rebuild_changes_nothing_until_it_ends(folder):
    before = bytes_of(folder / "segments")
    with IndexRebuild(folder) as rebuild:
        next(rebuild.run())
    assert bytes_of(folder / "segments") == before


def test_index_rebuild_refuses_other_fixed_parameters(folder):
    connection = sqlite3.connect(folder / "registry.sqlite")
    connection.execute("UPDATE parameter SET value = '1' WHERE name = 'decode'")
    connection.commit()
    connection.close()
    with pytest.raises(RegistryVersionError, match="decode = 1"):
        IndexRebuild(folder)
