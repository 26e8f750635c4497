"""Which kernels a model needs, and the table that links only these."""

from __future__ import annotations

from spikelet.model import V_MAX, Decoder, Encoder, Model, Rounding

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
#: The loader's, the queue's and the clock's, and of dense projections those for spikes and for events with values.
_ALWAYS = ("image_crc", "event_queue", "rest", "add_dense", "list_rows", "add_rows_u8_s32", "add_graded_u8_s32")
_LARGEST_WEIGHT = 128


def kernel_names(model: Model) -> list[str]:
    """Names of the kernels that a model needs: their files' stems, in order."""
    names = {*_ALWAYS, *(_tick(model, i) for i in range(len(model.populations)))}
    names |= {_ENCODERS[port.encoder] for port in model.inputs if port.encoder in _ENCODERS}
    names |= {_DECODERS[port.decoder] for port in model.outputs if port.decoder in _DECODERS}
    return sorted(names)


def kernel_table(model: Model) -> str:
    """Write the C file with the table of what a model needs of the engine; the others stay NULL."""
    names = kernel_names(model)
    ticks = [name for name in names if name.startswith("lif_tick_")]
    choices = "any" if "lif_tick_any_s32" in names else "plain"
    lines = [f"    .{name} = spkl_{name}," for name in ticks]
    lines.append(f"    .check_choices = spkl_check_choices_{choices},")
    frames = {port.encoder in _ENCODERS for port in model.inputs}
    if False in frames:
        lines.append("    .update_events = spkl_update_events,")
    if True in frames:
        lines += ["    .update_frame = spkl_update_frame,", "    .check_encoder = spkl_check_encoder,"]
    lines += [f"    .decode[{code.value}] = spkl_{n}," for code, n in _DECODERS.items() if n in names]
    encoders = [f"    [{code.value}] = spkl_{n}," for code, n in _ENCODERS.items() if n in names]
    return "\n".join(
        [
            "/* Written by spikelet: what the embedded model needs of the engine. */",
            '#include "spkl_kernels.h"',
            "",
            "const struct spkl_kernels spkl_kernels = {",
            *lines,
            "};",
            "",
            "spkl_encode_fn *const spkl_encoders[5] = {",
            *(encoders or ["    NULL,"]),
            "};",
            "",
        ]
    )


def is_plain(model: Model, index: int) -> bool:
    """Whether a population may run in the fast kernel: decides as is_plain() of csrc/engine/build.c."""
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


def _tick(model: Model, index: int) -> str:
    return "lif_tick_plain_s32" if is_plain(model, index) else "lif_tick_any_s32"
