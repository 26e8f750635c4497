"""Layers of a budget: populations with the projections to them, ports, and what is no layer's."""

from __future__ import annotations

from spikelet.model import Model

__all__ = ["NETWORK", "Owner", "layer_of", "layers_of", "name_of"]

#: "population", "input" or "output", and its number in the model.
Owner = tuple[str, int]
#: All that is no layer's.
NETWORK: Owner = ("network", 0)


def layer_of(model: Model, owner: str, index: int) -> Owner:
    """The layer of something: projections belong to the population that they lead to."""
    if owner == "projection":
        return "population", model.projections[index].target
    return NETWORK if owner not in {"population", "input", "output"} else (owner, index)


def layers_of(model: Model) -> list[Owner]:
    """All layers: inputs, populations, outputs, and the network."""
    parts = (("input", model.inputs), ("population", model.populations), ("output", model.outputs))
    return [*((kind, index) for kind, own in parts for index in range(len(own))), NETWORK]


def name_of(model: Model, owner: Owner) -> str:
    """What people call a layer."""
    kind, index = owner
    if kind == "input":
        return model.inputs[index].name
    if kind == "output":
        return model.outputs[index].name
    return model.populations[index].name if kind == "population" else "network"
