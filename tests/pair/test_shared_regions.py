"""Regions that two pictures share if they share only a seal or a banner."""

import pytest
from places import EXAMPLES

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.compare import examine_pair
from imgmatch.pair.shared_regions import find_shared_regions

SEAL = (38, 43, 294, 299)  # of fig.jpg, 1280 x 866


@pytest.mark.parametrize(
    ("original", "listing", "reference_box", "query_box"),
    [
        ("fig.jpg", "dahlia-with-seal.jpg", SEAL, (14, 18, 198, 187)),
        ("fig.jpg", "pavilion-with-seal.webp", SEAL, (429, 216, 640, 427)),
        (
            *("living-room.jpg", "bridge-with-shop-banner.jpg"),
            *((0, 1089, 854, 1280), (0, 699, 900, 900)),
        ),
    ],
)
def test_find_shared_regions_boxes_the_mark_in_both(
    original, listing, reference_box, query_box
):
    reference = fingerprint(EXAMPLES / "originals" / original, role=Role.REFERENCE)
    query = fingerprint(EXAMPLES / "listings" / listing, role=Role.QUERY)

    (shared,) = find_shared_regions(examine_pair(reference, query))

    assert shared.reference_box == pytest.approx(reference_box, abs=40)
    assert shared.query_box == pytest.approx(query_box, abs=30)
