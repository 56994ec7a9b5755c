"""Verify many suspects against the registered originals.

`scan` yields each result as soon as it is known. `scan_into` writes the results to a
directory, shard by shard, and can resume a scan that was stopped. `plan` and
`scan_shard` are its two halves, for engines that imgmatch does not know.
"""

from imgmatch.scans.directory import ScanDirectory, ShardRecord
from imgmatch.scans.engines import Engine, dask, in_process, processes
from imgmatch.scans.run import ScanPlan, plan, scan, scan_into
from imgmatch.scans.shard import Shard, scan_shard

__all__ = [
    "Engine",
    "ScanDirectory",
    "ScanPlan",
    "Shard",
    "ShardRecord",
    "dask",
    "in_process",
    "plan",
    "processes",
    "scan",
    "scan_into",
    "scan_shard",
]
