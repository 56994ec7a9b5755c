import numpy as np
from pictures import draw

from imgmatch.features import detect_with_mirror
from imgmatch.index.visual_words import select_features
from imgmatch.types import Size


def test_select_features_spreads_the_budget_over_levels():
    picture = draw(3, size=(600, 400))[..., 1].copy()
    features = detect_with_mirror(picture, full_size=Size(600, 400)).upright

    kept = select_features(features, budget=300)

    assert len(kept) == 300
    assert (np.diff(kept) > 0).all()
    _, every = np.unique(features.scale, return_counts=True)
    _, some = np.unique(features.scale[kept], return_counts=True)
    assert len(some) == len(every)
    # A level with four times as many features keeps twice as many.
    shares = some / np.sqrt(every)
    assert shares.max() < 1.3 * shares.min()
    np.testing.assert_array_equal(
        select_features(features, budget=9999), range(len(features))
    )
