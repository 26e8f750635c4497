"""Norse: LIFBoxCell takes v += (1 - beta) (x - v), so its input is divided by 1 - beta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from benchmarks.host.frameworks.layers import Layer, Predict
from benchmarks.host.frameworks.torch_net import stepped
from norse.torch import LIFBoxCell, LIFBoxParameters

__all__ = ["build"]

_DT = 1e-3


def build(layers: Sequence[Layer]) -> Predict:
    """The network of Linear and LIFBoxCell."""
    return stepped(layers, lambda layer: 1 / (1 - layer.beta), _neurons)


def _neurons(layer: Layer) -> Any:
    return LIFBoxCell(p=LIFBoxParameters(tau_mem_inv=torch.as_tensor((1 - layer.beta) / _DT)), dt=_DT)
