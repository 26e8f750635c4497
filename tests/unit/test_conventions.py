"""What a file leaves open: settled by a framework or the caller, asked for otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from spikelet.converters.choices import CHOICES, OTHERS
from spikelet.converters.frameworks import FRAMEWORKS, rockpool_ratio
from spikelet.converters.nodes import Neurons
from spikelet.converters.pipeline import convert, lower
from spikelet.errors import ConvertError
from spikelet.model import ResetKind, Rounding, UOrder
from support.nir_networks import affine, chain, lif, written


def neurons(file: Path, **said: Any) -> Neurons:
    """The only population, discretised."""
    return next(node for _, node in lower(file, until="discretise", **said).of(Neurons))


def file_of(folder: Path, node: nir.NIRNode) -> Path:
    """One layer of three neurons."""
    return written(folder, chain(affine(3, 3), node, n_in=3, n_out=3))


def cuba(**changes: float) -> nir.CubaLIF:
    """Three CubaLIF neurons."""
    values = {
        "tau_mem": 0.01,
        "tau_syn": 0.005,
        "r": 1,
        "v_leak": 0,
        "w_in": 1,
        "v_threshold": 1,
        "v_reset": 0,
        **changes,
    }
    return nir.CubaLIF(**{name: np.full(3, value, np.float64) for name, value in values.items()})


def refused(file: Path, **said: Any) -> str:
    """The message of the refusal."""
    with pytest.raises(ConvertError) as caught:
        convert(file, **said)
    return str(caught.value)


BETA, ALPHA, DT = 0.9, 0.7, 1e-3
LEAKS: list[tuple[str, nir.NIRNode, dict[str, Any], float, float]] = [
    # framework, what its exporter writes, what must be said, decay of v, gain of the input
    ("nir", lif(3, tau=0.01, r=2), {"dt": DT}, 0.9, 0.2),
    ("snntorch", lif(3, tau=1e-4 / (1 - BETA), r=1 / (1 - BETA)), {"reset": "zero"}, BETA, 1),
    ("norse", lif(3, tau=1e-5), {"dt": DT, "reset": "zero"}, 0.9, 0.1),
    ("norse", lif(3, tau=0.01), {"dt": DT, "reset": "zero", "file_dt": 1.0}, 0.9, 0.1),
    ("sinabs", lif(3, tau=10), {"norm_input": False, "several": True, "reset": "subtract", "v_min": "none"},
     np.exp(-0.1), 1),
    ("sinabs", lif(3, tau=10), {"norm_input": True, "several": True, "reset": "subtract", "v_min": "none"},
     np.exp(-0.1), 1 - np.exp(-0.1)),
    ("spikingjelly", lif(3, tau=4e-4, r=1), {"dt": 1e-4}, 0.75, 0.25),
    ("spikingjelly", lif(3, tau=4e-4, r=4), {}, 0.75, 1),
    ("lava", lif(3, tau=0.01, r=2), {"dt": DT}, 0.9, 0.2),
    ("spyx", lif(3, tau=1 / (1 - BETA), r=BETA), {}, BETA, 1),
]  # fmt: skip


@pytest.mark.parametrize("case", LEAKS, ids=lambda case: case[0])
def test_decay_and_gain_of_a_lif_are_recovered_by_the_framework_s_rule(
    case: tuple[str, nir.NIRNode, dict[str, Any], float, float], tmp_path: Path
) -> None:
    """The same file means another network in each framework."""
    framework, node, said, decay, gain = case

    found = neurons(file_of(tmp_path, node), framework=framework, **said)

    np.testing.assert_allclose(found.decay_v, decay, rtol=1e-5)
    np.testing.assert_allclose(found.gain, gain, rtol=1e-5)


CURRENTS: list[tuple[str, nir.NIRNode, dict[str, Any], float, float, float, UOrder]] = [
    ("nir", cuba(w_in=5, r=2), {"dt": DT, "u_order": "use_decay_add"}, 0.9, 0.8, 0.2, UOrder.USE_DECAY_ADD),
    ("snntorch", cuba(tau_mem=1e-3, tau_syn=1e-4 / 0.3, r=10, w_in=1 / 0.3), {"reset": "zero"}, 0.9, ALPHA, 1,
     UOrder.DECAY_ADD_USE),
    ("norse", cuba(tau_mem=1e-5, tau_syn=5e-6), {"dt": DT}, 0.9, 0.8, 0.1, UOrder.ADD_USE_DECAY),
    ("spikingjelly", cuba(tau_mem=1e-3, tau_syn=2e-4, r=10, w_in=2), {}, 0.9, 0.5, 1, UOrder.DECAY_ADD_USE),
    ("lava", cuba(w_in=5, r=10), {"dt": DT}, 0.9, 0.8, 1, UOrder.DECAY_ADD_USE),
    ("rockpool", cuba(r=np.exp(-0.1) / 0.1), {}, np.exp(-0.1), np.exp(-0.2), 1, UOrder.ADD_DECAY_USE),
    ("spyx", cuba(tau_mem=10, tau_syn=1 / 0.3, r=0.9), {}, 0.9, ALPHA, 1, UOrder.DECAY_ADD_USE),
]  # fmt: skip


@pytest.mark.parametrize("case", CURRENTS, ids=lambda case: case[0])
def test_decays_gain_and_order_of_a_cubalif_are_recovered_by_the_framework_s_rule(
    case: tuple[str, nir.NIRNode, dict[str, Any], float, float, float, UOrder], tmp_path: Path
) -> None:
    """Two decays, one gain, and when the current decays."""
    framework, node, said, decay_v, decay_u, gain, order = case

    found = neurons(file_of(tmp_path, node), framework=framework, **said)

    np.testing.assert_allclose(found.decay_v, decay_v, rtol=1e-5)
    np.testing.assert_allclose(found.decay_u, decay_u, rtol=1e-5)
    np.testing.assert_allclose(found.gain, gain, rtol=1e-5)
    assert order is found.choices.u_order


@pytest.mark.parametrize(
    ("framework", "r", "said", "gain"),
    [
        ("nir", 5.0, {"dt": DT}, 5e-3),
        ("norse", 1.0, {}, 1),
        ("sinabs", 1.0, {"several": False, "reset": "zero", "v_min": "none"}, 1),
        ("spikingjelly", 1e4, {}, 1),
        ("spyx", 1.0, {}, 1),
    ],
)
def test_the_gain_of_an_if_is_recovered(
    framework: str, r: float, said: dict[str, Any], gain: float, tmp_path: Path
) -> None:
    """r dt by NIR's equation; 1 in frameworks whatever r their exporter writes."""
    node = nir.IF(r=np.full(3, r), v_threshold=np.ones(3), v_reset=np.zeros(3))

    found = neurons(file_of(tmp_path, node), framework=framework, **said)

    assert found.decay_v.tolist() == [1.0] * 3
    np.testing.assert_allclose(found.gain, gain)


def test_the_ratio_of_rockpool_is_solved_to_the_last_digits() -> None:
    """exp(-y) / y = r over six decades."""
    y = np.logspace(-5, 1, 200)

    np.testing.assert_allclose(rockpool_ratio(np.exp(-y) / y), y, rtol=1e-12)


def test_resets_of_snntorch_are_late_and_differ_by_layer(tmp_path: Path) -> None:
    """Leaky's reset to zero lets the input of its tick survive, Synaptic's swallows it."""
    leaky = file_of(tmp_path, lif(3, tau=1e-3, r=10))
    choices = {
        reset: neurons(leaky, framework="snntorch", reset=reset).choices for reset in ("zero", "subtract", "none")
    }

    assert choices["zero"].reset_next
    assert choices["zero"].reset_before_leak
    assert choices["subtract"].reset_next
    assert not choices["subtract"].reset_before_leak
    assert ResetKind.NONE is choices["none"].reset_kind
    assert not choices["none"].reset_next
    synaptic = neurons(
        file_of(tmp_path, cuba(tau_mem=1e-3, tau_syn=1e-3, r=10, w_in=10)), framework="snntorch", reset="zero"
    )
    assert synaptic.choices.reset_next
    assert not synaptic.choices.reset_before_leak


def test_lava_has_loihi_s_arithmetic_and_fires_one_tick_late(tmp_path: Path) -> None:
    """12-bit factors rounded to zero, 6 fraction bits, reset to zero."""
    model = convert(file_of(tmp_path, cuba()), framework="lava", dt=DT)

    choices = model.populations[0].choices
    assert choices.shift12
    assert choices.test_previous
    assert choices.reset_before_leak
    assert Rounding.ZERO is choices.rounding
    assert model.populations[0].frac == 6
    assert [round(0.9 * 4096)] == model.populations[0].parameters["decay_v"].tolist()


@pytest.mark.parametrize("choice", sorted(set(CHOICES) - {"reset_place", "v_init"}))
def test_without_a_framework_everything_that_matters_is_asked(choice: str, tmp_path: Path) -> None:
    """The message names each open choice with all its values; said ones are not asked again."""
    file = file_of(tmp_path, cuba())

    message = refused(file)

    assert "\n" in message
    for value, meaning in CHOICES[choice].values.items():
        assert f"{choice}={value!r}: {meaning}" in message
    said = {choice: next(iter(CHOICES[choice].values))}
    assert f"{choice}=" not in refused(file, **said).replace("reset_place=", "")


def test_everything_said_needs_no_framework(tmp_path: Path) -> None:
    """A network of no known framework converts when all is said, and the model remembers it."""
    said = {"comparison": ">=", "reset": "subtract", "reset_time": "now", "fire_time": "now", "several": True,
            "input_place": "before_leak", "decay": "exp", "v_gain": "norm", "dt": DT}  # fmt: skip

    model = convert(file_of(tmp_path, lif(3)), **said)

    record = model.meta["choices"]["LIF"]
    assert said == {name: record[name] for name in said}
    assert model.populations[0].choices.add_then_decay
    assert model.tick_ns == 1_000_000


OPEN = [
    ("nir", lif(3), "dt"),
    ("nir", lif(3, v_leak=0.5), "v_init"),
    ("nir", cuba(), "u_order"),
    ("snntorch", lif(3, tau=1e-3, r=10), "reset"),
    ("norse", lif(3, tau=1e-5), "reset"),
    ("norse", lif(3, tau=1e-5), "dt"),
    ("sinabs", lif(3, tau=10), "norm_input"),
    ("sinabs", lif(3, tau=10), "several"),
    ("sinabs", lif(3, tau=10), "reset"),
    ("sinabs", lif(3, tau=10), "v_min"),
    ("spikingjelly", lif(3, tau=4e-4), "dt"),
    ("lava", lif(3), "dt"),
    ("spyx", nir.LI(tau=np.full(3, 10.0), r=np.ones(3), v_leak=np.zeros(3)), "dt"),
]


@pytest.mark.parametrize(("framework", "node", "choice"), OPEN, ids=[f"{f} {c}" for f, _, c in OPEN])
def test_what_an_exporter_leaves_out_is_asked_for(
    framework: str, node: nir.NIRNode, choice: str, tmp_path: Path
) -> None:
    """Conversion stops, and says the keyword and how its values differ."""
    message = refused(file_of(tmp_path, node), framework=framework)

    assert f"{choice}=" in message
    assert "changes spikes" in message


def test_a_norse_file_that_can_be_read_two_ways_is_asked_about(tmp_path: Path) -> None:
    """With dt 0.1 ms, tau 2.5 ms may be seconds or 2.5 s times 1e-3; with dt 1 ms, 1e-5 cannot be seconds."""
    message = refused(file_of(tmp_path, lif(3, tau=0.0025)), framework="norse", dt=1e-4, reset="zero")

    assert "file_dt=" in message
    np.testing.assert_allclose(
        neurons(file_of(tmp_path, lif(3, tau=1e-5)), framework="norse", dt=1e-3, reset="zero").decay_v, 0.9, rtol=1e-6
    )


def test_defaults_of_a_framework_are_taken_when_the_caller_says_so(tmp_path: Path) -> None:
    """`defaults=True` is a statement about the network, not a guess."""
    sinabs = neurons(file_of(tmp_path, lif(3, tau=10)), framework="sinabs", defaults=True)
    snntorch = neurons(file_of(tmp_path, lif(3, tau=1e-3, r=10)), framework="snntorch", defaults=True)
    norse = neurons(file_of(tmp_path, lif(3, tau=1e-5)), framework="norse", defaults=True)

    assert sinabs.choices.several
    assert ResetKind.SUBTRACT is sinabs.choices.reset_kind
    np.testing.assert_allclose(sinabs.gain, 1 - np.exp(-0.1))
    assert ResetKind.SUBTRACT is snntorch.choices.reset_kind
    np.testing.assert_allclose(norse.decay_v, 0.9, rtol=1e-6)


def test_each_convention_of_a_framework_can_be_overridden(tmp_path: Path) -> None:
    """What the caller says wins over the framework."""
    file = file_of(tmp_path, lif(3, tau=1e-3, r=10))

    found = neurons(file, framework="snntorch", reset="zero", reset_time="now", comparison=">=", several=True,
                    input_place="before_leak", v_min=-0.5, v_gain="norm")  # fmt: skip

    assert not found.choices.reset_next
    assert not found.strict
    assert found.choices.several
    assert found.choices.add_then_decay
    assert found.v_min.tolist() == [-0.5] * 3
    np.testing.assert_allclose(found.gain, 0.1, rtol=1e-5)


FOREIGN = [
    ("snntorch", lif(3, tau=0.0025, r=1), "tau / r"),
    ("snntorch", lif(3, tau=1e-4, r=0.5), "1 / (1 - beta)"),
    ("norse", lif(3, r=10), "1: r"),
    ("sinabs", lif(3, tau=0.01), "steps"),
    ("sinabs", lif(3, tau=10, r=2), "1: r"),
    ("rockpool", lif(3), "CubaLIF"),
    ("spyx", lif(3, r=10), "beta"),
]


@pytest.mark.parametrize(("framework", "node", "part"), FOREIGN, ids=[f"{f} {p}" for f, _, p in FOREIGN])
def test_a_file_that_a_framework_cannot_have_written_is_refused(
    framework: str, node: nir.NIRNode, part: str, tmp_path: Path
) -> None:
    """A wrong framework= is noticed where the numbers show it, before it gives a network that silently does nothing."""
    message = refused(file_of(tmp_path, node), framework=framework, defaults=True)

    assert part in message
    assert "exporter writes" in message


def test_spikingjelly_s_dt_is_compared_with_the_file_s(tmp_path: Path) -> None:
    """r of an IF is 1 / dt."""
    node = nir.IF(r=np.full(3, 1e4), v_threshold=np.ones(3), v_reset=np.zeros(3))

    assert "0.0001 by the file's r" in refused(file_of(tmp_path, node), framework="spikingjelly", dt=1e-3)


def test_the_producer_is_only_ever_hinted_at(tmp_path: Path) -> None:
    """Numbers that look like a framework's are named in the message, and nothing is taken from it."""
    message = refused(file_of(tmp_path, lif(3, tau=1e-3, r=10)))

    assert "look like: snntorch" in message


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"framework": "pytorch"}, "framework: found 'pytorch'; allowed: nir, snntorch"),
        ({"reset": "hard"}, "reset: found 'hard'"),
        ({"dt": 0.0}, "dt: found 0.0"),
        ({"dt": float("nan")}, "dt: found nan"),
        ({"decay_bits": 8}, "decay_bits: found 8"),
        ({"v_reset": float("nan")}, "v_reset: found nan"),
        ({"v_reset": float("inf")}, "v_reset: found inf"),
        ({"file_dt": 0.0}, "file_dt: found 0.0"),
        ({"file_dt": float("nan")}, "file_dt: found nan"),
        ({"v_min": "low"}, "v_min: found 'low'"),
        ({"delay_rounding": "up"}, "delay_rounding: found 'up'"),
        ({"cycle_delay": "0->1"}, "cycle_delay: found '0->1', which is not on a cycle"),
        ({"dt": 0.1}, "too long"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(said: dict[str, Any], part: str, tmp_path: Path) -> None:
    """With the values that do."""
    assert part in refused(file_of(tmp_path, lif(3)), **{"framework": "nir", "dt": DT, **said})


def test_every_framework_is_in_the_explanation() -> None:
    """docs/explanation/conventions.md has a line for each framework and each choice."""
    text = (Path(__file__).parents[2] / "docs" / "explanation" / "conventions.md").read_text()

    for name in [*FRAMEWORKS, *CHOICES, *OTHERS]:
        assert f"`{name}`" in text
