"""Names of tensors as TensorFlow writes them: of all that an operator was made from, with ";" between."""

from __future__ import annotations

__all__ = ["short_name", "telling_part"]


def telling_part(name: str) -> str:
    """What has the bias, else what comes last: "m/conv_1/BiasAdd" of "m/relu/Relu;m/conv_1/BiasAdd;m/conv_1/Conv2D"."""
    parts = name.split(";")
    return next((part for part in parts if part.removesuffix(":0").endswith("/BiasAdd")), parts[-1])


def short_name(name: str) -> str:
    """The layer in the telling part of a name, such as "conv_1"."""
    parts = [part for part in telling_part(name).removesuffix(":0").split("/") if part]
    return parts[-2] if len(parts) > 1 else (parts[0] if parts else name)
