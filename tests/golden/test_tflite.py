"""Every byte of every layer of .tflite networks: numpy reference and C engine equal TensorFlow Lite's interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paths import ROOT
from spikelet.converters.tflite import convert_tflite, read_tflite
from spikelet.graded.engine import GradedEngine
from spikelet.graded.model import GradedModel
from spikelet.graded.reference import GradedReference
from spikelet.graded.runner import GradedRunner
from support.tflite_compare import Comparison, as_given, as_integers, same_as, some_inputs
from support.tflite_interpreter import FOLLOWED, TfliteInterpreter, interpreter_version
from support.tflite_real import GOLDEN, REAL, golden_judge, path_of, real_inputs

FOLDER = GOLDEN
NAMES = sorted(path.stem for path in FOLDER.glob("*.tflite"))
#: Networks of full size that make_tflite.py --full has left there: too large to commit.
FULL = Path(os.environ.get("SPIKELET_TFLITE", ROOT / "build" / "tflite"))
RUNNERS: Mapping[str, Callable[[GradedModel], GradedRunner]] = {"reference": GradedReference, "engine": GradedEngine}
#: Operators that move values, or give them another name: what they write may have no bytes of its own.
MOVES = {
    "RESHAPE", "SQUEEZE", "PAD", "CONCATENATION", "STRIDED_SLICE", "DEQUANTIZE", "QUANTIZE",
    "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE",
}  # fmt: skip
RANDOM = 200


def _comparison(runner: GradedRunner) -> Comparison:
    return Comparison(runner, runner._read)


def _skip_unless_followed(path: Path) -> None:
    """Skip networks whose results other versions of the interpreter have otherwise (graded.md 6)."""
    version = interpreter_version()
    kinds = {operator.kind for operator in read_tflite(path).subgraphs[0].operators}
    if version != FOLLOWED and ("FULLY_CONNECTED" in kinds or path.stem == "types"):
        pytest.skip(f"{version} is not {FOLLOWED}: graded.md 6")


def _compare(path: Path, given: Iterator[Sequence[Any]]) -> int:
    """Run reference, engine and interpreter on inputs; all bytes of all layers are equal. Returns inferences."""
    _skip_unless_followed(path)
    model = convert_tflite(path)
    interpreter = TfliteInterpreter(path)
    runners = [_comparison(make(model)) for make in RUNNERS.values()]
    count = 0
    for inputs in given:
        interpreter.infer(*as_given(model, inputs))
        judge = same_as(_shown(path, interpreter))
        for runner in runners:
            runner.run(inputs, judge)
        count += 1
    _check_that_all_was_seen(path, runners)
    return count


def _shown(path: Path, interpreter: TfliteInterpreter) -> dict[int, Any]:
    """What an inference has left: all tensors, or the outputs of versions in which operators overwrite their inputs."""
    found = interpreter.tensors()
    if interpreter_version() == FOLLOWED:
        return found
    return {index: found[index] for index in read_tflite(path).subgraphs[0].outputs}


def _check_that_all_was_seen(path: Path, runners: Sequence[Comparison]) -> None:
    operators = read_tflite(path).subgraphs[0].operators
    wanted = {index for operator in operators if operator.kind not in MOVES for index in operator.outputs}
    for runner in runners:
        assert wanted <= runner.shown


def _random(path: Path, count: int) -> Iterator[Sequence[Any]]:
    model = convert_tflite(path)
    rng = np.random.default_rng(count)
    for _ in range(count):
        yield some_inputs(rng, model)


@pytest.mark.parametrize("kind", RUNNERS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_has_the_golden_bytes(name, kind):
    """Vectors of the interpreter, four inferences after each other; no interpreter is needed."""
    golden = np.load(FOLDER / f"{name}.npz")
    model = convert_tflite(FOLDER / f"{name}.tflite")
    runner = _comparison(RUNNERS[kind](model))
    for number in range(len(golden["in0"])):
        given = [golden[f"in{port}"][number] for port in range(len(model.inputs))]
        runner.run(as_integers(model, given), golden_judge(golden, number))
    _check_that_all_was_seen(FOLDER / f"{name}.tflite", [runner])


@pytest.mark.parametrize("name", NAMES)
def test_golden_vectors_made_again_are_the_same(name):
    """make_tflite_expected.py gives no difference."""
    if interpreter_version() != FOLLOWED:
        pytest.skip(f"vectors are those of {FOLLOWED}")
    from golden.make_tflite_expected import expected

    golden = np.load(FOLDER / f"{name}.npz")
    again = expected(FOLDER / f"{name}.tflite")
    assert {*again, "made_by"} == set(golden.files)
    for key, values in again.items():
        np.testing.assert_array_equal(golden[key], values)


def test_golden_files_made_again_are_the_same():
    """make_tflite_operators.py gives the committed bytes."""
    pytest.importorskip("ai_edge_litert.schema_py_generated", reason="the schema's Python classes write the files")
    from golden.make_tflite_operators import NETWORKS

    for name, make in NETWORKS.items():
        assert make().file.build() == (FOLDER / f"{name}.tflite").read_bytes(), name


@pytest.mark.parametrize("name", [*NAMES, *REAL])
def test_every_layer_equals_the_interpreter_for_some_inputs(name):
    """The quick part of the next test."""
    assert _compare(path_of(name), _random(path_of(name), 4)) == 4


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *REAL])
def test_every_layer_equals_the_interpreter_for_random_inputs(name):
    """200 random inputs, all bytes of all layers, on reference and engine."""
    assert _compare(path_of(name), _random(path_of(name), RANDOM)) == RANDOM


@pytest.mark.slow
def test_networks_of_full_size_equal_the_interpreter():
    """What `make_tflite.py --full build/tflite` has made, where TensorFlow was at hand."""
    paths = sorted(FULL.glob("*.tflite"))
    if not paths:
        pytest.skip(f"{FULL.name}/ has no networks: tests/golden/make_tflite.py --full makes them, with TensorFlow")
    for path in paths:
        assert _compare(path, _random(path, 20)) == 20


@pytest.mark.parametrize("name", [*REAL, "autoencoder"])
def test_every_layer_equals_the_interpreter_for_real_inputs(name):
    """All of inputs.npz: a spoken word, a picture, 196 windows of a machine's sound."""
    assert _compare(path_of(name), real_inputs(name)) == (196 if name == "autoencoder" else 1)


@pytest.mark.parametrize("name", ["streaming", "streaming_s16", "streaming_floats"])
def test_a_reset_stream_begins_anew(name):
    """Variables go on from one inference to the next as the interpreter's do, and begin anew after reset."""
    path = path_of(name)
    _skip_unless_followed(path)
    model = convert_tflite(path)
    interpreter = TfliteInterpreter(path)
    runners = [make(model) for make in RUNNERS.values()]
    comparisons = [_comparison(runner) for runner in runners]
    rng = np.random.default_rng(9)
    for _ in range(3):
        for _ in range(7):
            inputs = some_inputs(rng, model)
            interpreter.infer(*as_given(model, inputs))
            for comparison in comparisons:
                comparison.run(inputs, same_as(_shown(path, interpreter)))
        interpreter.reset()
        for runner in runners:
            runner.reset()
