"""Small int8 networks with random weights, one for each thing that has a spiking form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from support.tflite_network import Network, Value

__all__ = ["CASES", "built", "samples"]

_RELU = {"activation": "RELU", "zero": -128}


def _image(net: Network, channels: int = 3, zero: int = -128) -> Value:
    return net.input((1, 8, 6, channels), zero=zero)


def _strides(net: Network) -> Value:
    x = net.convolution(_image(net), 5, (3, 3), stride=(2, 1), **_RELU)
    return net.convolution(x, 6, (2, 3), dilation=(1, 2), padding="VALID", **_RELU)


def _depthwise(net: Network) -> Value:
    x = net.convolution(_image(net), 6, (3, 3), groups=-1, **_RELU)
    return net.convolution(x, 6, (3, 3), stride=(2, 2), groups=-1, **_RELU)


def _offset(net: Network) -> Value:
    return net.convolution(_image(net, 1, 83), 8, (5, 3), **_RELU)


def _residual(net: Network) -> Value:
    x = net.convolution(_image(net, zero=0), 4, (3, 3), **_RELU)
    y = net.convolution(net.convolution(x, 4, (3, 3), **_RELU), 4, (3, 3), zero=5)
    return net.add(x, y, **_RELU)


def _shortcut(net: Network) -> Value:
    x = net.convolution(_image(net, zero=0), 4, (3, 3), **_RELU)
    a = net.convolution(x, 6, (3, 3), stride=(2, 2), zero=9)
    return net.add(a, net.convolution(x, 6, (1, 1), stride=(2, 2), zero=-20), **_RELU)


def _signed(net: Network) -> Value:
    x = net.convolution(_image(net, zero=0), 4, (3, 3), zero=7)
    return net.convolution(x, 5, (3, 3), **_RELU)


def _means(net: Network) -> Value:
    x = net.pool(net.convolution(_image(net), 5, (3, 3), **_RELU), (2, 2), average=True, stride=(2, 2))
    x = net.convolution(x, 6, (3, 3), **_RELU)
    return net.mean(x, [1, 2], keep_dims=False, scale=1.0, zero=-128)


def _largest(net: Network) -> Value:
    x = net.convolution(_image(net), 5, (3, 3), **_RELU)
    x = net.pool(x, (3, 2), average=False, stride=(2, 2), padding="SAME")
    return net.convolution(x, 6, (1, 1), **_RELU)


def _padded(net: Network) -> Value:
    x = net.pad(_image(net), [(0, 0), (1, 2), (0, 3), (0, 0)])
    return net.convolution(x, 5, (3, 3), stride=(2, 2), padding="VALID", **_RELU)


def _apart(net: Network) -> Value:
    x = net.convolution(_image(net, zero=0), 5, (3, 3), zero=4)
    return net.rescaled("RELU", x, x.scale / 2, -128)


def _six(net: Network) -> Value:
    x = net.input((1, 8, 6, 3), scale=0.05, zero=-128)
    return net.convolution(x, 5, (3, 3), activation="RELU6", zero=-128)


def _leaky(net: Network) -> Value:
    x = net.convolution(_image(net, zero=0), 5, (3, 3), zero=4)
    return net.rescaled("LEAKY_RELU", x, x.scale, -60, alpha=0.25)


def _flat(net: Network) -> Value:
    x = net.reshape(net.input((1, 48), zero=-100), (1, 8, 6, 1))
    return net.convolution(x, 5, (3, 3), **_RELU)


#: By what they have in them.
CASES: Mapping[str, Callable[[Network], Value]] = {
    "strides": _strides,
    "depthwise": _depthwise,
    "offset": _offset,
    "residual": _residual,
    "shortcut": _shortcut,
    "signed": _signed,
    "means": _means,
    "largest": _largest,
    "padded": _padded,
    "apart": _apart,
    "six": _six,
    "leaky": _leaky,
    "flat": _flat,
}


def built(name: str, seed: int = 1) -> bytes:
    """The .tflite file of a case: behind it a dense layer, a classifier of 5 and a softmax."""
    net = Network(seed)
    x = CASES[name](net)
    x = net.dense(net.reshape(x, (1, int(np.prod(x.shape)))), 12, **_RELU)
    net.output(net.softmax(net.dense(x, 5, zero=3)))
    return net.file.build()


def samples(count: int, *shape: int, seed: int = 5) -> npt.NDArray[np.int8]:
    """Inputs with some smoothness, as images have it, that leave all tensors room: int8, shape (count, *shape)."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, *shape))
    for axis in range(1, values.ndim - 1):
        values = values + np.roll(values, 1, axis=axis)
    made: npt.NDArray[np.int8] = np.clip(np.rint(8 * values), -128, 127).astype(np.int8)
    return made
