import numpy as np
import pytest
from benchmarks.quality.edits import EDITS
from benchmarks.quality.pairs import list_jobs, make_pair

pytestmark = pytest.mark.usefixtures("chinese_font")


def listed(data_folder, **options):
    return list_jobs(data_folder, split="all", originals_per_edit=1, **options)


def test_make_pair_depends_on_its_job_alone(data_folder):
    for job in listed(data_folder, negatives_per_kind=1)[::7]:
        first, again = make_pair(data_folder, job), make_pair(data_folder, job)

        assert first.suspect == again.suspect
        np.testing.assert_array_equal(first.reference, again.reference)


def test_list_jobs_lists_every_edit_and_negative(data_folder):
    kinds = {job.kind: job.is_copy for job in listed(data_folder, negatives_per_kind=2)}

    assert {kind for kind, is_copy in kinds.items() if is_copy} == set(EDITS)
    assert {"same_product", "unrelated", "same_banner", "flat", "same_print"} <= {
        kind for kind, is_copy in kinds.items() if is_copy is False
    }
    assert kinds["reversed_crop50"] is None
