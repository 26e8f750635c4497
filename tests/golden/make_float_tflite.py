"""Makes tests/golden/tflite_float/: small float .tflite files, and the int8 ones that TensorFlow makes of them.

    python tests/golden/make_float_tflite.py [NAME ...]

needs tensorflow, scikit-learn, and MNIST in SPIKELET_DATA/mnist or ../shared/data/mnist. Trained networks come
with NAME_int8.tflite, quantised by TensorFlow's own converter on the same calibration samples; files with random
weights (operators, streaming) have none. Making the files again on the same processor gives the same bytes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from float_data import Samples, digits, mnist
from keras import layers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MNIST = Path(os.environ.get("SPIKELET_DATA", ROOT.parent / "shared" / "data")) / "mnist"


def mlp(shape: Sequence[int], hidden: Sequence[int]) -> Any:
    """Fully connected layers, softmax."""
    x = image = keras.Input(shape)
    x = layers.Flatten()(x)
    for size in hidden:
        x = layers.Dense(size, activation="relu")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def digits_cnn() -> Any:
    """Convolutions without batch norm; outputs are logits."""
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    return keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))


def mnist_cnn() -> Any:
    """Two convolutions with strides, two fully connected layers, softmax."""
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 5, strides=2, activation="relu")(image)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(24, activation="relu")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def _normed(x: Any, layer: Any, activation: str | None) -> Any:
    """A layer and its batch norm, which the converter folds into the weights."""
    x = layers.BatchNormalization()(layer(x))
    return x if activation is None else layers.Activation(activation)(x)


def separable(shape: Sequence[int], width: int, blocks: int, activation: str) -> Any:
    """DS-CNN: depthwise separable blocks with batch norm, average pool, softmax."""
    image = keras.Input(shape)
    first = layers.Conv2D(width, 3, strides=1 if shape[0] < 10 else 2, padding="same", use_bias=False)
    x = _normed(image, first, activation)
    for _ in range(blocks):
        x = _normed(x, layers.DepthwiseConv2D(3, padding="same", use_bias=False), activation)
        x = _normed(x, layers.Conv2D(width, 1, use_bias=False), activation)
    x = layers.Flatten()(layers.AveragePooling2D(x.shape[1:3])(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def residual(shape: Sequence[int], widths: Sequence[int]) -> Any:
    """ResNet: two convolutions a stage beside a shortcut, batch norm, mean, softmax."""
    image = keras.Input(shape)
    x = _normed(image, layers.Conv2D(widths[0], 3, padding="same", use_bias=False), "relu")
    for stage, width in enumerate(widths):
        stride = 1 if stage == 0 else 2
        y = _normed(x, layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False), "relu")
        y = _normed(y, layers.Conv2D(width, 3, padding="same", use_bias=False), None)
        if stride > 1:
            x = layers.Conv2D(width, 1, strides=stride)(x)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


TRAINED: dict[str, tuple[Callable[[], Any], int]] = {
    "digits_mlp": (lambda: mlp((8, 8, 1), (32, 16)), 60),
    "digits_cnn": (digits_cnn, 40),
    "digits_separable": (lambda: separable((8, 8, 1), 20, 2, "relu6"), 60),
    "digits_residual": (lambda: residual((8, 8, 1), (8, 12)), 40),
    "mnist_mlp": (lambda: mlp((28, 28, 1), (24, 16)), 10),
    "mnist_cnn": (mnist_cnn, 20),
    "mnist_separable": (lambda: separable((28, 28, 1), 24, 3, "relu"), 25),
    "mnist_residual": (lambda: residual((28, 28, 1), (8, 12, 16)), 15),
}


class Operators(tf.Module):
    """Every operator that the trained networks do not have, with random weights."""

    def __init__(self) -> None:
        super().__init__()
        generator = np.random.default_rng(5)

        def weights(*shape: int) -> Any:
            return tf.constant(generator.normal(0, 0.4, shape).astype(np.float32))

        self.dilated, self.bias = weights(3, 3, 3, 6), weights(6)
        self.depthwise, self.grouped = weights(3, 2, 6, 2), weights(3, 3, 3, 8)
        self.shift, self.gain, self.last = weights(1, 1, 1, 6), weights(6), weights(20, 5)

    @tf.function(input_signature=[tf.TensorSpec((1, 11, 9, 3), tf.float32), tf.TensorSpec((1, 6), tf.float32)])
    def __call__(self, image: Any, vector: Any) -> Any:
        """Two inputs, two outputs."""
        x = tf.nn.bias_add(tf.nn.conv2d(image, self.dilated, 1, "SAME", dilations=2), self.bias)
        x = tf.nn.leaky_relu(x, 0.1)
        y = tf.nn.depthwise_conv2d(x, self.depthwise, (1, 2, 2, 1), "SAME")
        y = tf.nn.max_pool2d(tf.nn.relu6(y), (3, 2), (1, 1), "SAME")
        grouped = tf.nn.conv2d(tf.pad(x, ((0, 0), (1, 0), (0, 2), (0, 0))), self.grouped, (2, 3), "VALID")
        pooled = tf.nn.avg_pool2d(grouped, 3, 1, "SAME")
        x = x * tf.sigmoid(vector[:, tf.newaxis, tf.newaxis, :]) + self.shift
        x = tf.nn.relu((x + self.gain)[:, 1:10:2, ::-2, :4])
        joined = tf.concat((tf.reduce_mean(y, (1, 2)), tf.reduce_mean(pooled, (1, 2))), 1)
        squeezed = tf.squeeze(tf.reduce_mean(x, (1, 2), keepdims=True), (1, 2))
        logits = tf.matmul(tf.reshape(joined, (4, 5)) * 0.5, tf.reshape(self.last, (5, 20))[:, :5])
        return {"probabilities": tf.nn.softmax(logits), "features": tf.concat((squeezed, vector), 1)}


class Streaming(tf.Module):
    """Keeps the last frames in a variable: each call brings one."""

    def __init__(self) -> None:
        super().__init__()
        generator = np.random.default_rng(6)
        self.frames = tf.Variable(tf.zeros((1, 4, 1, 10)))
        self.kernel = tf.constant(generator.normal(0, 0.3, (4, 1, 10, 8)).astype(np.float32))
        self.dense = tf.constant(generator.normal(0, 0.5, (8, 4)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec((1, 1, 1, 10), tf.float32)])
    def __call__(self, frame: Any) -> Any:
        """The output for this frame and those before it."""
        frames = tf.concat((self.frames[:, 1:], frame), 1)
        self.frames.assign(frames)
        x = tf.nn.relu(tf.nn.conv2d(frames, self.kernel, 1, "VALID"))
        return tf.sigmoid(tf.matmul(tf.reshape(x, (1, 8)), self.dense))


def trained(name: str) -> Any:
    """Train a network of TRAINED; prints its accuracy on the test samples."""
    parts = samples(name)
    train, test = parts[0].training(), parts[1]
    keras.utils.clear_session()  # names of layers are counted
    keras.utils.set_random_seed(7)
    build, epochs = TRAINED[name]
    model = build()
    steps = epochs * -(-len(train.x) // 64)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    logits = not isinstance(model.layers[-1], layers.Dense) or model.layers[-1].activation.__name__ == "linear"
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
    model.fit(train.x, train.y, batch_size=64, epochs=epochs, verbose=0)
    print(f"{name}: {100 * model.evaluate(test.x, test.y, verbose=0)[1]:.2f} % of test samples", flush=True)
    return model


def samples(name: str) -> tuple[Samples, Samples]:
    """Of the data set that a network is trained with."""
    return digits() if name.startswith("digits") else mnist(MNIST)


def converted(model: Any, calibration: Samples | None = None) -> bytes:
    """The .tflite file of a model for a batch of one; with samples, in int8."""
    if isinstance(model, keras.Model):
        image = keras.Input(model.input_shape[1:], batch_size=1)
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, model(image)))
    else:
        function = model.__call__.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    converter.experimental_enable_resource_variables = True
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter.representative_dataset = lambda: ([x[None]] for x in calibration.x)
    result: bytes = converter.convert()
    return result


def main(names: Sequence[str]) -> int:
    """Write the files."""
    tf.config.experimental.enable_op_determinism()
    folder = HERE / "tflite_float"
    folder.mkdir(exist_ok=True)
    for name in names or (*TRAINED, "operators", "streaming"):
        model = trained(name) if name in TRAINED else {"operators": Operators, "streaming": Streaming}[name]()
        (folder / f"{name}.tflite").write_bytes(converted(model))
        if name in TRAINED:
            (folder / f"{name}_int8.tflite").write_bytes(converted(model, samples(name)[0].calibration()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
