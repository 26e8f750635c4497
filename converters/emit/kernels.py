"""Which kernels a model needs, and the table that links only these."""

from __future__ import annotations

from spikelet.model import V_MAX, Decoder, Encoder, Model, Projection, Rounding

__all__ = ["is_plain", "kernel_names", "kernel_table"]

_ENCODERS = {
    Encoder.RATE: "encode_rate",
    Encoder.POISSON: "encode_poisson",
    Encoder.LATENCY: "encode_latency",
    Encoder.DIRECT: "encode_direct",
}
_DECODERS = {
    Decoder.COUNT: "decode_count",
    Decoder.LAST: "decode_last",
    Decoder.LARGEST: "decode_largest",
    Decoder.FIRST: "decode_first",
}
_LARGEST_WEIGHT = 128


def kernel_names(model: Model) -> list[str]:
    """Names of the kernels that a model needs: their files' stems, in order."""
    names = {"lif_tick_plain_s32" if is_plain(model, i) else "lif_tick_any_s32" for i in range(len(model.populations))}
    if model.projections:
        names.add("add_rows_u8_s32")
    if any(_may_be_graded(model, projection) for projection in model.projections):
        names.add("add_row_scaled_u8_s32")
    names |= {_ENCODERS[port.encoder] for port in model.inputs if port.encoder in _ENCODERS}
    names |= {_DECODERS[port.decoder] for port in model.outputs if port.decoder in _DECODERS}
    return sorted(names)


def kernel_table(model: Model) -> str:
    """Write the C file with the table of the kernels that a model needs; the others stay NULL."""
    names = kernel_names(model)
    lines = [f"    .{name} = spkl_{name}," for name in names if not name.startswith(("encode_", "decode_"))]
    for table in (_ENCODERS, _DECODERS):
        lines += [f"    .{n[:6]}[{code.value}] = spkl_{n}," for code, n in table.items() if n in names]
    return "\n".join(
        [
            "/* Written by spikelet: the kernels that the embedded model needs. */",
            '#include "spkl_kernels.h"',
            "",
            "const struct spkl_kernels spkl_kernels = {",
            *lines,
            "};",
            "",
        ]
    )


def is_plain(model: Model, index: int) -> bool:
    """Whether a population may run in the fast kernel: decides as spkl_lif_is_plain() of csrc/engine/plain.c."""
    population = model.populations[index]
    c, decay = population.choices, population.parameters.get("decay_v")
    if c.has_u or c.has_a or c.has_refractory or c.several or c.shift12 or c.test_previous or c.add_then_decay:
        return False
    # An array of one neuron's is an array of the population's, to the image and to the engine.
    if c.rounding is not Rounding.FLOOR or (decay is not None and len(decay) != 1):
        return False
    bias = population.parameters.get("bias")
    largest = int(abs(bias.astype("int64")).max()) if bias is not None else 0
    return _input_sum(model, index) * _LARGEST_WEIGHT <= (V_MAX - largest) >> population.frac


def _input_sum(model: Model, index: int) -> int:
    """The largest sum of |value| that a population's sources may send in a tick (semantics 2.3)."""
    total = 0
    for projection in model.projections:
        if projection.target == index and projection.from_input:
            total += model.inputs[projection.source].max_sum
        elif projection.target == index:
            source = model.populations[projection.source]
            total += source.size * source.max_count
    return total


def _may_be_graded(model: Model, projection: Projection) -> bool:
    """Whether an event of a projection's source may have a value that is not 1; pushed ones may be negative."""
    if not projection.from_input:
        return model.populations[projection.source].max_count > 1
    port = model.inputs[projection.source]
    return port.encoder is Encoder.EVENTS or port.max_value > 1
