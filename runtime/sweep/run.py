"""Runs a sweep: what is not known yet is run, results are kept, and the points worth having are told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet import board_files, budget_costs, toolchain
from spikelet.errors import DataError, SpikeletError
from spikelet.sweep.axes import Axes, Kind, Point
from spikelet.sweep.job import Inputs, final, measure, version
from spikelet.sweep.log import Log
from spikelet.sweep.pareto import pareto
from spikelet.sweep.pool import run_points

__all__ = ["RESULTS", "Found", "Sweep", "kind_of", "sweep"]

#: The file of results in a sweep's folder.
RESULTS = "results.jsonl"
#: Of what a key is made; another number makes all old results void.
_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A point, and what it gave: keys `accuracy`, `bytes`, `instructions`, `synops`, `ticks`, `samples`; or `error`.

    `test_accuracy` is None where it was not asked for; `image` is the file that was written.
    """

    point: Point
    result: Mapping[str, Any]
    test_accuracy: float | None = None
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """All points, those worth having by index, and how many were known before."""

    board: str
    found: tuple[Found, ...]
    pareto: tuple[int, ...]
    known: int


def kind_of(network: Path, *, spikes: bool) -> Kind:
    """What kind of network a file is; see Axes.check.

    Raises:
        DataError: --spikes of something else than a .tflite file.
        ConvertError: the file is refused.
    """
    from spikelet.converters.tflite.reader import is_tflite

    if not is_tflite(network):
        if spikes:
            raise DataError(f"{network}: --spikes is for .tflite files: leave it out")
        return "spiking"
    if spikes:
        return "rates"
    from spikelet.converters.tflite.calibrated import is_float
    from spikelet.converters.tflite.reader import read_tflite

    return "float" if is_float(read_tflite(network)) else "int8"


def sweep(
    network: str | Path,
    axes: Axes,
    *,
    calibration: str | Path,
    folder: str | Path,
    board: str,
    test: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    spikes: bool = False,
    pixels: str = "",
    compiler: str = "auto",
    samples: int = 0,
    cost_samples: int = 20,
    jobs: int = -1,
    cluster: str = "",
    progress: Callable[[int, int], object] = lambda _done, _all: None,
    tell: Callable[[str], object] = lambda _: None,
) -> Sweep:
    """Convert a network in many ways, and measure each on calibration data.

    Each result is kept in `folder`/results.jsonl as soon as it is there, under a hash of what it was made from: a
    sweep that was stopped goes on. The images of the points worth having are written beside.

    Args:
        network: .nir, or .tflite.
        axes: what is varied.
        calibration: an .npz file with labels; every other sample fits, the others measure and choose.
        folder: for results; made where it is not there.
        board: whose instructions are told.
        test: an .npz file with labels; accuracy on it is told for the points worth having, and chooses nothing.
        options: further keywords of the conversion.
        spikes: of a .tflite file: as spikes.
        pixels: of a float .tflite file: what pixels 0 to 255 were in training ("0..1"); "": data are real numbers.
        compiler: whose code is counted: "gcc", "zig", or "auto".
        samples: most samples of the calibration data, 0: all.
        cost_samples: so many of them tell instructions.
        jobs: processes of this machine, -1: one for each core.
        cluster: address of a Dask scheduler, which is used in their place.
        progress: called with how many points are done, and how many there are.
        tell: called with sentences that a user should see.

    Raises:
        DataError: an axis means nothing here, or data do not fit.
        BoardError: unknown board, or nobody has counted what its core takes.
        SpikeletError: a file cannot be read or written, or the cluster does not answer.
    """
    kind = kind_of(Path(network), spikes=spikes)
    axes.check(kind)
    inputs = Inputs(
        kind=kind,
        suffix=Path(network).suffix,
        network=_content(network),
        calibration=_content(calibration),
        test=_content(test) if test is not None else np.zeros(0, np.uint8),
        options=dict(options or {}),
        board=board,
        compiler=_compiler(board, compiler),
        samples=samples,
        cost_samples=cost_samples,
        pixels=pixels,
    )
    where = Path(folder)
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpikeletError(f"{where} cannot be made: {error.strerror}") from error
    log = Log(where / RESULTS, tell)
    points = list(axes.points())
    base = _base(inputs)
    keys = [_hash(base, point=point.said()) for point in points]
    missing = [index for index, key in enumerate(keys) if key not in log.known]
    done = len(points) - len(missing)
    progress(done, len(points))
    with closing(run_points(measure, [points[i] for i in missing], inputs, jobs=jobs, cluster=cluster)) as results:
        for number, result in results if missing else ():
            index = missing[number]
            log.add({"key": keys[index], "point": points[index].said(), **result})
            done += 1
            progress(done, len(points))
    found = [log.known[key] for key in keys]
    best = pareto(found)
    finals = _finals(log, [(keys[i], points[i]) for i in best], inputs, where, jobs=jobs, cluster=cluster)
    return Sweep(
        board=board,
        found=tuple(
            Found(
                point=point,
                result={name: value for name, value in entry.items() if name not in ("key", "point")},
                test_accuracy=finals.get(key, (None, ""))[0],
                image=finals.get(key, (None, ""))[1],
            )
            for key, point, entry in zip(keys, points, found, strict=True)
        ),
        pareto=tuple(best),
        known=len(points) - len(missing),
    )


def _finals(
    log: Log, best: list[tuple[str, Point]], inputs: Inputs, folder: Path, *, jobs: int, cluster: str
) -> dict[str, tuple[float | None, str]]:
    """Accuracy on test data and images of the points worth having; what is there is not made again."""
    from spikelet.image import write_bytes

    test = _digest(inputs.test) if len(inputs.test) else ""
    names = {key: f"{key[:12]}.spkl" for key, _ in best}
    tests = {key: _hash({"of": key, "test": test}) for key, _ in best}
    todo = [
        (key, point)
        for key, point in best
        if not (folder / names[key]).exists() or (test and tests[key] not in log.known)
    ]
    if todo:
        with closing(run_points(final, [point for _, point in todo], inputs, jobs=jobs, cluster=cluster)) as results:
            for number, made in results:
                key = todo[number][0]
                write_bytes(made["image"], folder / names[key], force=True)
                if test and tests[key] not in log.known:
                    log.add({"key": tests[key], "of": key, "test_accuracy": round(made["test_accuracy"], 6)})
    return {key: (log.known[tests[key]]["test_accuracy"] if test else None, names[key]) for key, _ in best}


def _content(file: str | Path) -> npt.NDArray[np.uint8]:
    try:
        return np.frombuffer(Path(file).read_bytes(), np.uint8)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; a sweep takes one file (.npz)") from error


def _compiler(board: str, compiler: str) -> str:
    """Whose code is counted, the same for all points."""
    target = board_files.load(board)
    return next(iter(toolchain.available(target.arch)), "gcc") if compiler == "auto" else compiler


def _base(inputs: Inputs) -> dict[str, Any]:
    """What all keys of a sweep are made of.

    Raises:
        BoardError: nobody has counted what the board's core takes.
    """
    target = board_files.load(inputs.board)
    terms: Any = None
    if inputs.kind != "float":
        terms = dict(budget_costs.load(target, inputs.compiler).terms)
    return {
        "form": _FORM,
        "spikelet": version(),
        "kind": inputs.kind,
        "network": _digest(inputs.network),
        "calibration": _digest(inputs.calibration),
        "options": dict(inputs.options),
        "core": [target.core, *target.kernels],
        "costs": terms,
        "compiler": inputs.compiler,
        "samples": inputs.samples,
        "cost_samples": inputs.cost_samples,
        "pixels": inputs.pixels,
    }


def _digest(content: npt.NDArray[np.uint8]) -> str:
    return hashlib.sha256(content.tobytes()).hexdigest()


def _hash(base: Mapping[str, Any], **more: Any) -> str:
    """A key: of all that a result depends on."""
    return hashlib.sha256(json.dumps({**base, **more}, sort_keys=True).encode()).hexdigest()
