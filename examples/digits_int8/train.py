"""Train a small digits network with Keras and write it as TensorFlow Lite files: in int8, and in float32.

Run it at the project's root: python -m examples.digits_int8.train
Test and calibration samples are those of examples/digits (digits_test.npz, digits_calib.npz).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

__all__ = ["main"]

SEED = 1
EPOCHS = 150
CALIBRATION_SAMPLES = 200
Images = NDArray[np.float32]


def load_split() -> tuple[Images, Images, Any, Any]:
    """Load scikit-learn's digits and split off the test part, as examples/digits/train.py does.

    Returns:
        Training images, test images, training labels, test labels; images are float32, (n, 8, 8, 1), 0 .. 1.
    """
    digits = load_digits()
    pixels = (digits.data.astype(np.int64) * 255 // 16).astype(np.uint8)
    images = (pixels.astype(np.float32) / 255).reshape(-1, 8, 8, 1)
    labels = digits.target.astype(np.uint8)
    parts = train_test_split(images, labels, test_size=0.3, random_state=0, stratify=labels)
    return parts[0], parts[1], parts[2], parts[3]


def build(batch: int | None = None) -> Any:
    """Build an untrained network: a convolution, a residual block, a depthwise separable one, a classifier."""
    import keras
    from keras import layers

    image = keras.Input((8, 8, 1), batch_size=batch, name="image")
    first = layers.Conv2D(16, 3, padding="same", activation="relu", name="first")(image)
    inner = layers.Conv2D(16, 3, padding="same", activation="relu", name="inner")(first)
    inner = layers.Conv2D(16, 3, padding="same", name="outer")(inner)
    added = layers.ReLU(name="rectified")(layers.Add(name="added")([first, inner]))
    deep = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu", name="depthwise")(added)
    wide = layers.Conv2D(32, 1, activation="relu", name="pointwise")(deep)
    pooled = layers.Flatten(name="flat")(layers.AveragePooling2D(2, name="pooled")(wide))
    scores = layers.Dense(10, name="scores")(layers.Dropout(0.2, name="dropout")(pooled))
    return keras.Model(image, layers.Softmax(name="classes")(scores))


def train(network: Any, images: Images, labels: Any, epochs: int) -> None:
    """Train in place; images are moved by up to a pixel."""
    import keras
    import tensorflow as tf

    steps = -(-len(images) // 32) * epochs
    rate = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    network.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    samples = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=SEED).batch(32)

    def move(batch: Any, target: Any) -> tuple[Any, Any]:
        padded = tf.pad(batch, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return tf.image.random_crop(padded, tf.shape(batch), seed=SEED), target

    network.fit(samples.map(move), epochs=epochs, verbose=2)


def _converter(network: Any) -> Any:
    """TensorFlow's converter for the network with a batch of 1: then every shape in the file is known."""
    import tensorflow as tf

    one = build(batch=1)
    one.set_weights(network.get_weights())
    return tf.lite.TFLiteConverter.from_keras_model(one)


def write(network: Any, images: Images, folder: Path) -> None:
    """Write digits_int8.tflite and digits_float.tflite.

    Args:
        network: trained.
        images: that scales of activations are found with.
        folder: where to.
    """
    import tensorflow as tf

    (folder / "digits_float.tflite").write_bytes(_converter(network).convert())
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (folder / "digits_int8.tflite").write_bytes(converter.convert())


def main() -> None:
    """Train, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="passes over the training set")
    parser.add_argument("--validate", action="store_true", help="hold out a fifth of the training set, write nothing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the results")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    images, test_images, labels, test_labels = load_split()
    held_out = len(images) // 5 if options.validate else 0
    network = build()
    train(network, images[held_out:], labels[held_out:], options.epochs)
    if options.validate:
        print(f"validation accuracy {network.evaluate(images[:held_out], labels[:held_out], verbose=0)[1]:.4f}")
        return
    write(network, images[:CALIBRATION_SAMPLES], options.out)
    print(f"{network.count_params()} parameters")
    print(f"test accuracy {network.evaluate(test_images, test_labels, verbose=0)[1]:.4f} of {len(test_labels)} samples")


if __name__ == "__main__":
    main()
