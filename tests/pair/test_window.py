import numpy as np

from imgmatch.pair.window import WINDOW, count_windows


def test_count_windows_counts_them_without_overlap():
    assert count_windows(np.ones((2 * WINDOW, 3 * WINDOW), bool)) == 6
    assert count_windows(np.zeros((9, 9), bool)) == 0
