import pytest
from benchmarks.quality.dataset import Dataset


def test_dataset_open_never_splits_a_product(data_folder):
    halves = [Dataset.open(data_folder, split=split) for split in ("dev", "test")]
    groups = [{p.group for p in (*d.originals, *d.hard_negatives)} for d in halves]

    assert not groups[0] & groups[1]
    assert groups[0] | groups[1] == {"a", "b", "c"}


def test_dataset_open_refuses_an_unknown_split(data_folder):
    with pytest.raises(ValueError, match="dev, test or all"):
        Dataset.open(data_folder, split="train")


def test_dataset_real_pairs_leaves_out_ambiguous_pairs(data_folder):
    found = list(Dataset.open(data_folder).real_pairs())

    assert [(p.suspect, p.original, p.is_copy) for p in found] == [
        ("0.png", "0.png", True),
        ("1.png", "0.png", False),
    ]
