"""Writes spikes/*.tflite: int8 networks of digits (max-pooling, two dense layers) and MNIST, for the spiking modes.

TensorFlow 2.21 trains them; nothing of spikelet takes part. Beside each network stand the answers of
ai-edge-litert's reference kernels on the test samples (`*_answers.npz`), and of the digits the samples.
Training is repeatable on one machine; another processor may round differently, so no test makes the files again.

    python tests/golden/make_spikes_tflite.py --data FOLDER [--validate]

FOLDER has mnist/train10k.npz and mnist/test5k.npz. With --validate a fifth of the training set is held out and
nothing is written.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).with_name("spikes")
MADE_BY = "tests/golden/make_spikes_tflite.py"
SEED = 3
#: Training samples that scales of activations are found with.
REPRESENTATIVE = 500
Samples = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One network: its samples (training, test), how it is built, and how long it is trained."""

    name: str
    train: Samples
    test: Samples
    build: Callable[[], Any]
    epochs: int
    move: int
    keep_samples: bool


def digits() -> tuple[Samples, Samples]:
    """scikit-learn's digits, (n, 8, 8, 1), 0 .. 255, split as in examples/digits/train.py."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    found = load_digits()
    images = (found.data.astype(np.int64) * 255 // 16).astype(np.uint8).reshape(-1, 8, 8, 1)
    a, b, c, d = train_test_split(images, found.target, test_size=0.3, random_state=0, stratify=found.target)
    return (a, c.astype(np.int64)), (b, d.astype(np.int64))


def mnist(folder: Path) -> tuple[Samples, Samples]:
    """MNIST's parts of the test data, (n, 28, 28, 1); the training part is sorted by class and is mixed here."""

    def part(name: str) -> Samples:
        with np.load(folder / "mnist" / f"{name}.npz") as file:
            return file["x"].reshape(-1, 28, 28, 1), file["y"].astype(np.int64)

    images, labels = part("train10k")
    order = np.random.default_rng(SEED).permutation(len(images))
    return (images[order], labels[order]), part("test5k")


def pool_network() -> Any:
    """A convolution, max-pooling, a convolution, two dense layers."""
    import keras
    from keras import layers

    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="first")(image)
    x = layers.MaxPooling2D(2, name="largest")(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu", name="second")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    x = layers.Dense(32, activation="relu", name="dense")(x)
    return keras.Model(image, layers.Softmax()(layers.Dense(10, name="scores")(x)))


def mnist_network() -> Any:
    """Strided convolutions, a residual block, a depthwise separable layer, a mean, a classifier."""
    import keras
    from keras import layers

    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="first")(image)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu", name="second")(x)
    y = layers.Conv2D(32, 3, padding="same", activation="relu", name="inner")(x)
    y = layers.Conv2D(32, 3, padding="same", name="outer")(y)
    x = layers.ReLU(name="rectified")(layers.Add(name="added")([x, y]))
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise")(x)
    x = layers.Conv2D(64, 1, activation="relu", name="pointwise")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(layers.AveragePooling2D(7, name="mean")(x)))
    return keras.Model(image, layers.Softmax()(layers.Dense(10, name="scores")(x)))


def train(case: Case, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Any:
    """A trained network; training images are moved by up to `move` pixels."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    network = case.build()
    steps = -(-len(images) // 64) * case.epochs
    network.compile(
        optimizer=keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(4e-3, steps), weight_decay=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    around = ((0, 0), (case.move, case.move), (case.move, case.move), (0, 0))

    def moved(batch: Any, target: Any) -> tuple[Any, Any]:
        return tf.image.random_crop(tf.pad(batch, around), tf.shape(batch), seed=SEED), target

    samples = tf.data.Dataset.from_tensor_slices((images.astype(np.float32) / 255, labels))
    network.fit(samples.shuffle(len(images), seed=SEED).batch(64).map(moved), epochs=case.epochs, verbose=0)
    return network


def int8_file(network: Any, images: npt.NDArray[np.uint8]) -> bytes:
    """The network in int8, input and output too; for a batch of 1, without which layers.Flatten is five operators."""
    import tensorflow as tf

    shape = tf.TensorSpec((1, *images.shape[1:]), tf.float32)
    function = tf.function(lambda image: network(image, training=False)).get_concrete_function(shape)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None].astype(np.float32) / 255] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    made: bytes = converter.convert()
    return made


def answers(content: bytes, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What the interpreter's reference kernels say; pixels become the file's int8 by its input's scale."""
    import tensorflow as tf

    resolver = tf.lite.experimental.OpResolverType.BUILTIN_REF
    interpreter = tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    given, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = given["quantization"]
    found = []
    for image in images:
        q = np.clip(np.rint(image[None] / 255 / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], q)
        interpreter.invoke()
        found.append(int(np.argmax(interpreter.get_tensor(result["index"])[0])))
    return np.array(found, np.uint8)


def main() -> None:
    """Train, then write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist/")
    parser.add_argument("--validate", action="store_true", help="hold out a fifth of the training set, write nothing")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    cases = [
        Case(name="digits_pool", train=digits()[0], test=digits()[1], build=pool_network, epochs=120, move=1,
             keep_samples=True),
        Case(name="mnist_residual", train=mnist(options.data)[0], test=mnist(options.data)[1], build=mnist_network,
             epochs=30, move=2, keep_samples=False),
    ]  # fmt: skip
    FOLDER.mkdir(exist_ok=True)
    for case in cases:
        (images, labels), (test, truth) = case.train, case.test
        if options.validate:
            held = len(images) // 5
            network = train(case, images[held:], labels[held:])
            score = network.evaluate(images[:held].astype(np.float32) / 255, labels[:held], verbose=0)[1]
            print(f"{case.name}: {network.count_params()} parameters, validation accuracy {score:.4f}", flush=True)
            continue
        network = train(case, images, labels)
        content = int8_file(network, images[:REPRESENTATIVE])
        said = answers(content, test)
        (FOLDER / f"{case.name}.tflite").write_bytes(content)
        held_samples = {"x": test, "y": truth.astype(np.uint8)} if case.keep_samples else {}
        np.savez_compressed(FOLDER / f"{case.name}_answers.npz", answers=said, made_by=MADE_BY, **held_samples)
        right = float(np.mean(said == truth))
        print(f"{case.name}: {network.count_params()} parameters, {len(content)} B, test {right:.4f}", flush=True)


if __name__ == "__main__":
    main()
