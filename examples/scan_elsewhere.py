"""Scan with an engine of your own: Ray, Spark or concurrent.futures.

A shard is plain data, and `scan_shard` writes its results to the directory of results.
So anything that maps a function over a list can run a scan, on any machines that see
the suspects, the registry and the results under the same paths. It does no harm to run
a shard twice, or again after its machine was lost.

    python examples/scan_elsewhere.py ray LISTINGS REGISTRY RESULTS

The engine is ``ray``, ``spark`` or, to try it without a cluster, ``futures``. If you
stop the script and run it again, it resumes.
"""

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from imgmatch.scans import Shard, ShardRecord, plan, scan_shard


def with_futures(shards: Iterable[Shard]) -> list[ShardRecord]:
    with ProcessPoolExecutor() as pool:
        return list(pool.map(scan_shard, shards))


def with_ray(shards: Iterable[Shard]) -> list[ShardRecord]:
    import ray

    task = ray.remote(scan_shard)
    return ray.get([task.remote(shard) for shard in shards])


def with_spark(shards: Iterable[Shard]) -> list[ShardRecord]:
    from pyspark import SparkContext

    tasks = list(shards)
    context = SparkContext.getOrCreate()
    return context.parallelize(tasks, len(tasks)).map(scan_shard).collect()


ENGINES = {"futures": with_futures, "ray": with_ray, "spark": with_spark}


def main(engine: str, listings: str, registry: str, results: str) -> None:
    shards = plan(results, listings, registry, shard_size=16, resume=True)
    records = ENGINES[engine](shards)
    counts = shards.finish(len(records))
    print(
        ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
