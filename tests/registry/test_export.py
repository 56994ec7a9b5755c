import shutil

import pytest
from pictures import draw

from imgmatch.errors import RegistryError
from imgmatch.registry import Registry
from imgmatch.registry.export import export
from imgmatch.registry.snapshot import Snapshot


@pytest.fixture
def impatient(monkeypatch):
    """Do not let compaction wait for a reader; read one record at a time."""
    monkeypatch.setattr("imgmatch.registry.database._PATIENCE", 1)
    monkeypatch.setattr("imgmatch.registry.database._PAGE", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("pictures", [False, True])
def test_export_ignores_writes_during_the_export(folder, pictures):
    before = list(export(folder, pictures=pictures))
    now = export(folder, pictures=pictures)
    exported = [next(now)]
    with Registry.open(folder) as writer:
        writer.remove("1")
        writer.add(draw(7), reference_id="2", replace=True)
        writer.add(draw(8), reference_id="3")
        writer.compact()

    assert [*exported, *now] == before
    assert [one.picture is not None for one in before] == [pictures] * 3
    after = [one.record.reference_id for one in export(folder)]
    assert after == ["0", "2", "3"]


@pytest.mark.usefixtures("impatient")
def test_export_retries_if_its_files_are_deleted_at_the_start(folder, monkeypatch):
    opened = Snapshot.open

    def late(*arguments):
        monkeypatch.setattr(Snapshot, "open", opened)
        with Registry.open(folder) as writer:
            writer.remove("1")
            writer.compact()
        return opened(*arguments)

    monkeypatch.setattr(Snapshot, "open", late)

    found = list(export(folder, pictures=True))

    assert [one.record.reference_id for one in found] == ["0", "2"]


def test_export_reads_records_without_segments(folder):
    shutil.rmtree(folder / "segments")

    assert len(list(export(folder))) == 3
    with pytest.raises(RegistryError):
        list(export(folder, pictures=True))
