"""What networks of every kind have: an image, and RAM that they work in on a board."""

from __future__ import annotations

from spikelet.graded.model import GradedModel
from spikelet.model import Model

__all__ = ["image_of", "work_of"]


def image_of(model: Model | GradedModel) -> bytes:
    """The image of a network of any kind.

    Raises:
        ModelError: the model breaks a rule.
    """
    if isinstance(model, GradedModel):
        from spikelet.graded.image import encode as encode_graded

        return encode_graded(model)
    from spikelet.image import encode

    return encode(model)


def work_of(model: Model | GradedModel) -> int:
    """Bytes of RAM that a network needs on a board beside its image."""
    if isinstance(model, GradedModel):
        from spikelet.graded.memory import arena_size

        return arena_size(model)
    from spikelet.memory import work_size

    return work_size(model)
