"""What the tests of bundles share: pictures, times, and a forger's hand."""

import json
from datetime import UTC, datetime, timedelta

from places import EXAMPLES

from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.bundle import MANIFEST, seal_of
from imgmatch.evidence.canonical import canonical
from imgmatch.evidence.manifest import Listing

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LISTING = Listing(
    url="https://shop.example/item/81",
    listing_id="81",
    seller="s-204",
    fetched=NOON,
    first_seen=NOON + 30_000 * DAY,
)


def original(name):
    return (EXAMPLES / "originals" / name).read_bytes()


def listing(name):
    return (EXAMPLES / "listings" / name).read_bytes()


def manifest_in(bundle, folder=""):
    return json.loads(read_archive(bundle)[folder + MANIFEST])


def state_of(report, subject):
    return {one.subject: one.state for one in report.checks}[subject]


def resealed(members, manifest):
    """What a forger writes who knows how digests work."""
    data = canonical(manifest)
    return write_archive({**members, MANIFEST: data, "manifest.sha256": seal_of(data)})
