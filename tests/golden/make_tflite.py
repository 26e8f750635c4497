"""Makes tests/golden/tflite/*.tflite that TensorFlow trains and quantises: int8, and int16 with weights of int8.

    python tests/golden/make_tflite.py [--full FOLDER] [NAME ...]

needs tensorflow, and tflite/inputs.npz in SPIKELET_DATA or ../shared/data. The committed files have few channels;
--full makes the same networks in their full size, for a folder that is not committed. Making the files again on the
same processor gives the same bytes. make_tflite_expected.py then writes what the interpreter gives.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = Path(__file__).resolve().parent
INPUTS = Path(os.environ.get("SPIKELET_DATA", HERE.parents[2] / "shared" / "data")) / "tflite" / "inputs.npz"


@dataclass(frozen=True)
class Trained:
    """A float network, or functions of it, and samples to calibrate with."""

    model: Any
    samples: Any
    wide: bool = False


def windows() -> Any:
    """Log-mel frames, five in a row: what the auto-encoder of MLPerf Tiny sees, (196, 640)."""
    frames = np.load(INPUTS)["ad_logmel"]
    return np.stack([frames[first : first + 5].reshape(-1) for first in range(len(frames) - 4)]).astype(np.float32)


def pictures(count: int, side: int, channels: int) -> Any:
    """Waves of several frequencies: smooth, and unlike each other; 0 .. 255."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:side, 0:side] / side
    waves = rng.uniform(-6, 6, (count, channels, 3, 3))
    shown = sum(
        np.sin(waves[:, :, k, :1, None] * 6 * y + waves[:, :, k, 1:2, None] * 6 * x + waves[:, :, k, 2:, None])
        for k in range(3)
    )
    return (127.5 + 42.0 * np.moveaxis(shown, 1, 3)).astype(np.float32)


def autoencoder(full: bool) -> Trained:
    """640 to 8 and back, four layers each way, with batch norm as in MLPerf Tiny; trained shortly."""
    x = windows()
    wide = 128 if full else 32
    given = y = keras.Input((640,))
    for size in (wide,) * 4 + (8,) + (wide,) * 4:
        y = layers.Activation("relu")(layers.BatchNormalization()(layers.Dense(size)(y)))
    model = keras.Model(given, layers.Dense(640)(y))
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    model.fit(x, x, epochs=40, batch_size=28, verbose=0)
    return Trained(model, x)


def _residual(x: Any, channels: int, stride: int) -> Any:
    y = layers.Conv2D(channels, 3, strides=stride, padding="same")(x)
    y = layers.Activation("relu")(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(channels, 3, padding="same")(y))
    if stride > 1 or x.shape[-1] != channels:
        x = layers.Conv2D(channels, 1, strides=stride, padding="same")(x)
    return layers.Activation("relu")(layers.Add()([x, y]))


def resnet(full: bool) -> Trained:
    """Three stages of three residual blocks: larger than MLPerf Tiny's ResNet-8."""
    first = 16 if full else 6
    given = keras.Input((32, 32, 3))
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(first, 3, padding="same")(given)))
    for stage in range(3):
        for block in range(3):
            x = _residual(x, first << stage, 2 if stage and not block else 1)
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    model = keras.Model(given, layers.Dense(10, activation="softmax")(x))
    return _fitted(model, pictures(60, 32, 3), 10)


def inverted(full: bool) -> Trained:
    """Inverted residuals with RELU6, paddings before strides, a mean over the map, a sigmoid: as MobileNetV2 has."""
    first = 16 if full else 6
    given = keras.Input((40, 40, 3))
    x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(first, 3, strides=2, padding="same")(given)))
    for channels, stride in ((first, 1), (2 * first, 2), (2 * first, 1), (3 * first, 2)):
        y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(3 * x.shape[-1], 1)(x)))
        if stride == 2:
            y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
        y = layers.DepthwiseConv2D(3, strides=stride, padding="valid" if stride == 2 else "same")(y)
        y = layers.BatchNormalization()(layers.Conv2D(channels, 1)(layers.ReLU(6.0)(layers.BatchNormalization()(y))))
        x = layers.Add()([x, y]) if x.shape[-1] == channels else y
    x = layers.LeakyReLU(negative_slope=0.1)(layers.Conv2D(4 * first, 1)(x))
    gate = layers.Dense(4 * first, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([x, gate]))
    model = keras.Model(given, layers.Dense(6, activation="softmax")(x))
    return _fitted(model, pictures(60, 40, 3), 6)


def keywords_s16(full: bool) -> Trained:
    """Depthwise separable convolutions over log-mel frames, activations of int16."""
    channels = 64 if full else 20
    frames = np.load(INPUTS)["ad_logmel"][:, :40]
    x = np.stack([frames[first : first + 25] for first in range(0, 170, 3)])[..., None].astype(np.float32)
    given = keras.Input((25, 40, 1))
    y = layers.Conv2D(channels, (10, 4), strides=2, padding="same")(given)
    y = layers.Activation("relu")(layers.BatchNormalization()(y))
    for _ in range(2):
        y = layers.DepthwiseConv2D(3, padding="same", activation="relu")(y)
        y = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(channels, 1)(y)))
    largest = layers.Flatten()(layers.MaxPooling2D((13, 20))(y))
    y = layers.Concatenate()([layers.GlobalAveragePooling2D()(y), largest])
    model = keras.Model(given, layers.Dense(5, activation="softmax")(layers.Dense(12, activation="sigmoid")(y)))
    return Trained(_fitted(model, x, 5).model, x, wide=True)


def _fitted(model: Any, x: Any, classes: int) -> Trained:
    """A short training on labels that say little, so that batch norms and weights are those of a trained network."""
    labels = np.argsort(np.argsort(x.reshape(len(x), -1).std(axis=1))) * classes // len(x)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(x, labels, epochs=15, batch_size=12, verbose=0)
    return Trained(model, x)


class Streaming(tf.Module):  # type: ignore[misc]
    """A frame a call; two rings of frames before convolutions over time, as streaming keyword spotters have."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(7)
        self.rings = [tf.Variable(tf.zeros((1, 3, 1, size)), trainable=False) for size in (16, 12)]
        sizes = ((4, 1, 16, 12), (4, 1, 12, 12))
        self.kernels = [tf.constant(rng.normal(size=size).astype(np.float32) * 0.15) for size in sizes]
        self.last = tf.constant(rng.normal(size=(12, 3)).astype(np.float32) * 0.4)

    @tf.function(input_signature=[tf.TensorSpec((1, 1, 1, 16), tf.float32)])
    def __call__(self, x: Any) -> Any:
        """Scores of three words."""
        for ring, kernel in zip(self.rings, self.kernels, strict=True):
            seen = tf.concat([ring, x], 1)
            ring.assign(seen[:, 1:])
            x = tf.nn.relu(tf.nn.conv2d(seen, kernel, 1, "VALID"))
        return tf.nn.softmax(tf.reshape(x, (1, 12)) @ self.last)


def streaming(wide: bool) -> bytes:
    """As TensorFlow quantises a network with variables: of int8 ones the variables stay float, of int16 ones not."""
    frames = np.load(INPUTS)["ad_logmel"][:, :16].astype(np.float32) / 20.0 + 1.0
    network = Streaming()
    call = network.__call__.get_concrete_function()

    def samples() -> Iterator[list[Any]]:
        for frame in frames:
            yield [frame.reshape(1, 1, 1, 16)]

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(network, folder, signatures=call)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.experimental_enable_resource_variables = True
        return _converted(converter, samples, wide)


NETWORKS: dict[str, Callable[[bool], Trained]] = {
    "autoencoder": autoencoder,
    "resnet": resnet,
    "inverted": inverted,
    "keywords_s16": keywords_s16,
}
STREAMING = {"streaming_floats": False, "streaming_s16": True}


def quantised(trained: Trained) -> bytes:
    """As TensorFlow's converter does it; ports are integers."""

    def samples() -> Iterator[list[Any]]:
        for sample in trained.samples[:60]:
            yield [sample[None]]

    # One sample: with a free batch, reshapes would be computed from shapes while the network runs.
    given = keras.Input(batch_shape=(1, *trained.samples.shape[1:]))
    single = keras.models.clone_model(trained.model, input_tensors=given)
    single.set_weights(trained.model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(single)
    return _converted(converter, samples, trained.wide)


def _converted(converter: Any, samples: Callable[[], Iterator[list[Any]]], wide: bool) -> bytes:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    sixteen = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    converter.target_spec.supported_ops = [sixteen if wide else tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int16 if wide else tf.int8
    content: bytes = converter.convert()
    return content


def main() -> None:
    """Write the files named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", type=Path, help="folder for networks of full size, instead of the committed ones")
    parser.add_argument("names", nargs="*", default=[*NETWORKS, *STREAMING])
    arguments = parser.parse_args()
    folder = arguments.full or HERE / "tflite"
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        tf.config.experimental.enable_op_determinism()
        if name in STREAMING:
            content = streaming(STREAMING[name])
        else:
            content = quantised(NETWORKS[name](arguments.full is not None))
        (folder / f"{name}.tflite").write_bytes(content)
        print(f"{name}: tensorflow {tf.__version__}, keras {keras.__version__}")


if __name__ == "__main__":
    main()
