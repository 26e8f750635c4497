"""What has no spiking form is refused, by the operator, with what is allowed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from spikelet.converters.nodes import size_of
from spikelet.converters.tflite.reader import parse_tflite
from spikelet.converters.tflite.spikes import convert_spikes, frames_of
from spikelet.converters.tflite.spikes_levels import levels
from spikelet.converters.tflite.spikes_operators import Planner
from spikelet.converters.tflite.spikes_reading import Reading
from spikelet.errors import ConvertError, DataError
from support.spikes_damage import damaged
from support.spikes_networks import CASES, built
from support.tflite_network import Network, Value

RELU = {"activation": "RELU", "zero": -128}


def image(net: Network) -> Value:
    """An input."""
    return net.input((1, 6, 6, 2), zero=-128)


def scores(net: Network, x: Value) -> Value:
    """A classifier."""
    return net.dense(net.reshape(x, (1, int(np.prod(x.shape)))), 3)


def product(net: Network) -> Value:
    """Values times values."""
    x = net.convolution(image(net), 2, (3, 3), **RELU)
    return scores(net, net.multiply(x, x))


def joined(net: Network) -> Value:
    """Two maps side by side."""
    x = net.convolution(image(net), 2, (3, 3), **RELU)
    return scores(net, net.concatenate([x, x], 3))


def sigmoid_inside(net: Network) -> Value:
    """A sigmoid that is not the last."""
    return scores(net, net.rescaled("LOGISTIC", image(net), 1 / 256, -128))


def border(net: Network) -> Value:
    """Windows with fewer values at the border."""
    return scores(net, net.pool(image(net), (3, 3), average=True, stride=(2, 2), padding="SAME"))


def signed_pool(net: Network) -> Value:
    """The largest of values of both signs."""
    return scores(net, net.pool(net.convolution(image(net), 2, (3, 3)), (2, 2), average=False))


def padded_pool(net: Network) -> Value:
    """A mean of a padded map."""
    return scores(net, net.pool(net.pad(image(net), [(0, 0), (1, 1), (1, 1), (0, 0)]), (2, 2), average=True))


def padded_channels(net: Network) -> Value:
    """Zeros as further channels."""
    return scores(net, net.convolution(net.pad(image(net), [(0, 0), (0, 0), (0, 0), (0, 1)]), 2, (3, 3)))


def batch(net: Network) -> Value:
    """Two samples at once."""
    return net.dense(net.input((2, 5)), 3)


def map_out(net: Network) -> Value:
    """No classifier."""
    return net.convolution(image(net), 2, (3, 3))


def other_shape(net: Network) -> Value:
    """A map that gets other axes."""
    x = net.convolution(image(net), 2, (3, 3), **RELU)
    return scores(net, net.convolution(net.reshape(x, (1, 4, 9, 2)), 2, (1, 1)))


def some_axes(net: Network) -> Value:
    """A mean of columns."""
    x = net.convolution(image(net), 2, (3, 3), **RELU)
    return scores(net, net.mean(x, [1], keep_dims=True, scale=1.0))


def spread(net: Network) -> Value:
    """One value for many."""
    x = net.convolution(image(net), 2, (3, 3), **RELU)
    return scores(net, net.add(x, net.pool(x, (6, 6), average=True)))


def bounded(net: Network) -> Value:
    """A ReLU with two ends."""
    return scores(net, net.convolution(image(net), 2, (3, 3), activation="RELU_N1_TO_1"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (product, ("MUL", "CONV_2D", "without spikes")),
        (joined, ("CONCATENATION", "without spikes")),
        (sigmoid_inside, ("softmax or sigmoid", "at the end")),
        (border, ("AVERAGE_POOL_2D", "border")),
        (signed_pool, ("MAX_POOL_2D", "negative", "ReLU in front")),
        (padded_pool, ("AVERAGE_POOL_2D", "padded map")),
        (padded_channels, ("PAD", "height and width")),
        (batch, ("(2, 5)", "one sample at a time")),
        (map_out, ("CONV_2D", "vector of scores")),
        (other_shape, ("RESHAPE", "(2, 6, 6) to (2, 4, 9)")),
        (some_axes, ("MEAN", "height and width")),
        (spread, ("ADD", "equal shapes")),
        (bounded, ("RELU_N1_TO_1", "RELU6")),
    ],
)
def test_what_has_no_spiking_form_is_refused(make: Callable[[Network], Value], words: tuple[str, ...]) -> None:
    """The message names the operator and says what is allowed."""
    net = Network(1)
    net.output(make(net))
    with pytest.raises(ConvertError) as caught:
        convert_spikes(parse_tflite(net.file.build()), calibration=np.zeros((2, 72), np.uint8))

    assert [word for word in words if word not in str(caught.value)] == []


def test_several_ports_are_refused() -> None:
    """One input and one output."""
    net = Network(1)
    x = net.convolution(image(net), 2, (3, 3), **RELU)
    net.output(scores(net, x))
    net.output(scores(net, x))
    with pytest.raises(ConvertError, match="1 inputs and 2 outputs"):
        convert_spikes(parse_tflite(net.file.build()), calibration=np.zeros((2, 72), np.uint8))


def test_a_scale_is_said_once() -> None:
    """The file's own scale of an int8 input cannot be replaced."""
    net = Network(1)
    net.output(scores(net, net.convolution(image(net), 2, (3, 3), **RELU)))
    with pytest.raises(ConvertError, match="Leave input_scale= out"):
        convert_spikes(parse_tflite(net.file.build()), calibration=np.zeros((2, 72), np.uint8), input_scale=0.5)


def test_silent_networks_have_thresholds() -> None:
    """A network that never fires on its data still has thresholds."""
    net = Network(1)
    net.output(scores(net, net.convolution(image(net), 2, (3, 3), **RELU)))
    model = convert_spikes(parse_tflite(net.file.build()), calibration=np.zeros((2, 72), np.uint8))

    assert all(np.all(p.parameters["fire_above"] > 0) for p in model.populations if p.choices.fires)


@pytest.mark.parametrize("name", CASES)
def test_files_that_contradict_themselves_are_refused(name: str) -> None:
    """A changed option, shape, input or scale is refused, or is another network: never anything but these."""
    file, rng = parse_tflite(built(name)), np.random.default_rng(3)
    refused = 0
    for _ in range(12):
        broken = damaged(file, rng)
        size = size_of(broken.subgraphs[0].tensors[broken.subgraphs[0].inputs[0]].shape)
        frames = np.zeros((1, min(size, 2**17)), np.uint8)
        try:
            plan = Planner(Reading(broken), None, None).plan()
            levels(plan, frames_of(plan, frames), percentile=99.9, channels=True)
        except (ConvertError, DataError):
            refused += 1
    assert refused > 0
