"""Where the points of a sweep are run: on all cores of this machine, or on a cluster; the same calls."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from spikelet.errors import SpikeletError
from spikelet.sweep.axes import Point
from spikelet.sweep.job import Inputs, version

__all__ = ["run_points"]

_Result = TypeVar("_Result")
#: What a cluster may take to answer [s].
_PATIENCE = "10s"


def run_points(
    run: Callable[[Point, Inputs], _Result], points: Sequence[Point], inputs: Inputs, *, jobs: int, cluster: str
) -> Generator[tuple[int, _Result], None, None]:
    """Run points; gives each one's index and result as soon as it is done.

    Args:
        run: a function of a module, since other machines import it.
        points: to run.
        inputs: what all of them need.
        jobs: processes of this machine, -1: one for each core.
        cluster: address of a Dask scheduler; "": this machine.

    Raises:
        SpikeletError: joblib or dask is not installed, the cluster does not answer or has another spikelet.
    """
    try:
        import joblib
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    with _backend(cluster, inputs) as settings:
        calls = (joblib.delayed(_indexed)(run, index, point, inputs) for index, point in enumerate(points))
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, **settings)
        yield from parallel(calls)


def _indexed(run: Callable[[Point, Inputs], _Result], index: int, point: Point, inputs: Inputs) -> tuple[int, _Result]:
    return index, run(point, inputs)


@contextmanager
def _backend(cluster: str, inputs: Inputs) -> Iterator[dict[str, Any]]:
    """Arguments of joblib.Parallel, within which its calls go to the cluster, if there is one."""
    if not cluster:
        yield {}
        return
    try:
        import joblib
        from distributed import Client
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    try:
        client: Any = Client(cluster, timeout=_PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SpikeletError(
            f"no Dask scheduler answers at {cluster}: start one (dask scheduler), and workers (dask worker ADDRESS)"
        ) from error
    with client:
        _check(client, cluster)
        # Files go to each worker once, not with every point.
        with joblib.parallel_config(backend="dask", client=client, scatter=[inputs]):
            yield {}


def _check(client: Any, cluster: str) -> None:
    """Refuse a cluster whose workers would give other results."""
    try:
        found = client.run(version)
    except ModuleNotFoundError as error:
        raise SpikeletError(f"workers of {cluster} have no spikelet: install it there, version {version()}") from error
    if not found:
        raise SpikeletError(f"the cluster at {cluster} has no workers: start some (dask worker {cluster})")
    other = {worker: seen for worker, seen in found.items() if seen != version()}
    if other:
        worker, seen = next(iter(other.items()))
        raise SpikeletError(f"worker {worker} has spikelet {seen}, and this is {version()}: install the same there")


def _missing(error: ModuleNotFoundError) -> SpikeletError:
    return SpikeletError(f"{error.name} is not installed, which a sweep needs: pip install 'spikelet[sweep]'")
