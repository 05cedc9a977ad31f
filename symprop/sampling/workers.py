"""Chunks of drafts -> shards of manifest lines, by worker processes: joblib's own on this machine, or a Dask cluster's.

Workers write their versions' files and a shard each, and return its path, count and hash: documents never travel. While one
round of chunks is at work the next is drawn.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from symprop.errors import UsageError
from symprop.sampling.batch import SHARD, Batch, Draft, work

BACKENDS = ("loky", "dask")
#: Chunks a process takes in one round.
ROUND = 4


def spread(
    batch: Batch, source: Iterator[Draft], folder: Path, jobs: int, backend: str, scheduler: str
) -> Iterator[Path]:
    """The shards in the order of their versions. Raises UsageError for a backend or scheduler that cannot be had.

    The folder of a Dask cluster must be one that its workers and this process share.
    """
    from joblib import Parallel, delayed, parallel_config

    with ExitStack() as stack:
        if backend == "dask":
            jobs = _connect(stack, scheduler)
            stack.enter_context(parallel_config(backend="dask"))
        size = SHARD
        parallel = stack.enter_context(
            Parallel(n_jobs=jobs, return_as="list" if backend == "dask" else "generator", batch_size=1)
        )

        def round_of() -> list[list[Draft]]:
            drawn = list(islice(source, size * jobs * ROUND))
            each = max(1, min(size, -(-len(drawn) // jobs)))
            return [drawn[start : start + each] for start in range(0, len(drawn), each)]

        chunks = round_of()
        while chunks:
            results = parallel(delayed(work)(batch, chunk, folder) for chunk in chunks)
            following = round_of() if backend != "dask" else None
            for (shard, count, digest), chunk in zip(results, chunks, strict=True):
                if count != len(chunk) or sha256(shard.read_bytes()).hexdigest() != digest:
                    raise UsageError(f"{shard}: not what its worker wrote; is the folder shared by all workers?")
                yield shard
            chunks = round_of() if following is None else following


def _connect(stack: ExitStack, scheduler: str) -> int:
    """A client of the cluster; how many threads it has."""
    try:
        from distributed import Client
    except ImportError:
        raise UsageError('--backend dask needs Dask: pip install "symprop[dask]"') from None
    if not scheduler:
        raise UsageError("--backend dask needs --scheduler ADDRESS, such as tcp://10.0.0.1:8786")
    try:
        client: Any = stack.enter_context(Client(scheduler, timeout="10s"))
    except (OSError, ValueError, TimeoutError) as problem:
        raise UsageError(f"--scheduler {scheduler}: {problem}") from None
    return max(1, sum(client.nthreads().values()))


__all__ = ["BACKENDS", "spread"]
