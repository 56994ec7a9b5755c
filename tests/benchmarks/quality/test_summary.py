import pytest
from benchmarks.quality.pairs import list_jobs
from benchmarks.quality.run import run
from benchmarks.quality.summary import summarise

pytestmark = pytest.mark.usefixtures("chinese_font")


def test_summarise_counts_a_peer_by_edit_and_by_negative(data_folder):
    pytest.importorskip("imagehash")
    jobs = list_jobs(
        data_folder,
        split="all",
        originals_per_edit=1,
        negatives_per_kind=1,
        edits=["jpeg20", "mirror"],
    )

    found = summarise(run(data_folder, jobs, ["phash", "orb"], workers=1))

    assert set(found["edits"]) == {"jpeg20", "mirror"}
    assert found["edits"]["jpeg20"]["n"] == 1
    assert 0 < found["systems"]["phash"]["micro_ap"] <= 1
    assert found["pairs"]["reversed"] == 5
