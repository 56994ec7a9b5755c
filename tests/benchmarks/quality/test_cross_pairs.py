import pytest
from benchmarks.quality.cross_pairs import judge_blocks, list_blocks
from benchmarks.quality.dataset import Dataset

pytestmark = pytest.mark.usefixtures("chinese_font")


def test_judge_blocks_never_pairs_a_picture_with_itself(data_folder):
    pytest.importorskip("imagehash")
    dataset = Dataset.open(data_folder)
    blocks = list(list_blocks(dataset, seed=0, designs=1, photos=4))

    found = judge_blocks(data_folder, blocks, "phash", workers=1)

    assert found["same_product"].pairs == 1
    assert found["other_product"].pairs == 2 + 6
    assert found["unrelated"].pairs == 6
    assert found["same_banner"].pairs == 4 * 3
    assert found["unrelated"].top_scores[0] == found["unrelated"].worst[0][0]
