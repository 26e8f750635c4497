"""Which kernels a model needs, and the tables that link only these."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spikelet.model import (
    V_MAX,
    Decoder,
    Encoder,
    Model,
    PopulationKind,
    Projection,
    ProjectionKind,
    ResetKind,
    Rounding,
)
from spikelet.rules_projections import reach

__all__ = [
    "all_kernel_names",
    "is_calm",
    "is_if",
    "is_plain",
    "is_small",
    "kernel_names",
    "kernel_table",
    "tick_kernel",
]

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
#: The loader's, the queue's and the clock's.
_ALWAYS = ("image_crc", "event_queue", "push_spikes", "copy_spikes", "is_calm", "rest")
#: Of dense rows of bytes: for spikes and for events with values.
_DENSE = ("add_dense", "list_rows", "add_rows_u8_s32", "add_graded_u8_s32")
_CONV = ("add_runs_s8_s32", "add_row_times_s8_s32", "add_pixel_s8_s16", "widen_pixels_s16_s32")
_BUILDERS = {
    ProjectionKind.DENSE: "build_rows",
    ProjectionKind.CONV: "build_conv",
    ProjectionKind.SPARSE: "build_sparse",
    ProjectionKind.FEED: "build_feed",
    ProjectionKind.SPARSE4: "build_sparse4",
}
#: By bits of a weight: the kernel for rows, its layout.
_ROWS = {8: ("add_rows_u8_s32", 0), 4: ("add_rows_u4_s32", 1), 2: ("add_rows_u2_s32", 2), 1: ("add_rows_u1_s32", 3)}
_TICKS = ("lif_tick_any_s32", "lif_tick_plain_s32", "lif_tick_if_s32")
_CODES, _PAIRS, _BLOCKS = "add_codes_s32", "add_pairs_s8_s32", "add_blocks4_s8_s32"
_LARGEST_WEIGHT = 128


def all_kernel_names() -> frozenset[str]:
    """Names of all kernels of spiking networks."""
    rows = (name for name, _ in _ROWS.values())
    named = (*_ALWAYS, *_DENSE, *_CONV, *_TICKS, _CODES, _PAIRS, _BLOCKS, *rows)
    return frozenset({*named, *_ENCODERS.values(), *_DECODERS.values()})


def kernel_names(model: Model) -> list[str]:
    """Names of the kernels that a model needs: their files' stems, in order."""
    names = {*_ALWAYS, *_ticks(model)}
    for projection in model.projections:
        names |= set(_of_projection(projection))
    names |= {_ENCODERS[port.encoder] for port in model.inputs if port.encoder in _ENCODERS}
    names |= {_DECODERS[port.decoder] for port in model.outputs if port.decoder in _DECODERS}
    return sorted(names)


def kernel_table(model: Model) -> str:
    """Write the C file with the tables of what a model needs of the engine; the others stay NULL."""
    names = kernel_names(model)
    small = is_small(model)
    lines = [
        f"    .check_choices = spkl_check_choices_{'plain' if small else 'any'},",
        f"    .choose_tick = spkl_choose_tick_{'plain' if small else 'any'},",
        f"    .build_projection = spkl_build_{'dense' if small else 'any'},",
    ]
    frames = {port.encoder in _ENCODERS for port in model.inputs}
    if False in frames:
        lines.append("    .update_events = spkl_update_events,")
    if True in frames:
        lines += ["    .update_frame = spkl_update_frame,", "    .check_encoder = spkl_check_encoder,"]
    any_gap = any(port.gap for port in model.outputs)
    lines.append(f"    .build_output = spkl_build_output{'_any' if any_gap else ''},")
    lines += [f"    .decode[{code.value}] = spkl_{n}," for code, n in _DECODERS.items() if n in names]
    encoders = [f"    [{code.value}] = spkl_{n}," for code, n in _ENCODERS.items() if n in names]
    parts = [] if small else ["const struct spkl_parts spkl_parts = {", *_parts(model), "};", ""]
    return "\n".join(
        [
            "/* Written by spikelet: what the embedded model needs of the engine. */",
            '#include "spkl_kernels.h"',
            "",
            "const struct spkl_kernels spkl_kernels = {",
            *lines,
            "};",
            "",
            *parts,
            "spkl_encode_fn *const spkl_encoders[5] = {",
            *(encoders or ["    NULL,"]),
            "};",
            "",
        ]
    )


def is_small(model: Model) -> bool:
    """Whether the small ways of csrc/engine/plain.c do: plain populations, dense rows of bytes, nothing else."""
    plain = all(p.block == 0 and is_plain(model, i) for i, p in enumerate(model.populations))
    return plain and all(_is_simple(p) for p in model.projections)


def is_plain(model: Model, index: int) -> bool:
    """Whether a population may run in the fast kernel: decides as spkl_is_plain() of csrc/engine/plain.h."""
    population = model.populations[index]
    c, decay = population.choices, population.parameters.get("decay_v")
    if population.kind is not PopulationKind.LIF:
        return False
    if c.has_u or c.has_a or c.has_refractory or c.several or c.shift12 or c.test_previous or c.add_then_decay:
        return False
    # An array of one neuron's is an array of the population's, to the image and to the engine.
    if c.rounding is not Rounding.FLOOR or (decay is not None and len(decay) != 1):
        return False
    return _is_bounded(model, index)


def is_calm(model: Model, index: int) -> bool:
    """Whether no neuron of a plain population is looked at for v_min: decides as csrc/kernels/packed/is_calm.c."""
    population = model.populations[index]
    of = population.parameters
    most = 16383 * (65536 - int(of["decay_v"][0] if "decay_v" in of else 65536)) - 1
    left = most - (_input_sum(model, index) << 7 << population.frac)
    shares = ("bias", "reset") if population.choices.reset_kind is ResetKind.SUBTRACT else ("bias",)
    largest = max((int(np.abs(of[name].astype(np.int64)).max()) for name in shares if name in of), default=0)
    return left >= 0 and largest <= left // 2 and bool(np.all(of.get("v_min", -V_MAX) == -V_MAX))


def is_if(model: Model, index: int) -> bool:
    """Whether a population may run in the kernel without leak: decides as is_if() of csrc/engine/build_any.c."""
    population = model.populations[index]
    c = population.choices
    decay, bias = (population.parameters.get(name) for name in ("decay_v", "bias"))
    if population.kind is not PopulationKind.LIF:
        return False
    if c.has_u or c.has_a or c.has_refractory or c.test_previous or c.reset_next:
        return False
    if decay is not None and (len(decay) != 1 or decay[0] != 1 << (12 if c.shift12 else 16)):
        return False
    return (bias is None or not bias.any()) and _is_bounded(model, index)


def tick_kernel(model: Model, index: int) -> str | None:
    """The kernel that updates a population: decides as spkl_choose_tick_any(); None for a delay line."""
    if model.populations[index].kind is PopulationKind.DELAY:
        return None
    if is_if(model, index):
        return "lif_tick_if_s32"
    return "lif_tick_plain_s32" if is_plain(model, index) else "lif_tick_any_s32"


def _is_bounded(model: Model, index: int) -> bool:
    population = model.populations[index]
    bias = population.parameters.get("bias")
    largest = int(abs(bias.astype("int64")).max()) if bias is not None else 0
    return _input_sum(model, index) * _LARGEST_WEIGHT <= (V_MAX - largest) >> population.frac


def _input_sum(model: Model, index: int) -> int:
    """The largest sum of |value| that may meet in a target of a population in a tick (semantics 2.3)."""
    total = 0
    for projection in model.projections:
        if projection.target != index:
            continue
        if projection.from_input:
            port = model.inputs[projection.source]
            events = port.encoder is Encoder.EVENTS
            total += port.max_sum if events else reach(projection, port.size) * port.max_value
        else:
            source = model.populations[projection.source]
            total += reach(projection, source.size) * source.max_count
    return total


def _ticks(model: Model) -> set[str]:
    if is_small(model):
        return {"lif_tick_plain_s32"}
    return {name for i in range(len(model.populations)) if (name := tick_kernel(model, i)) is not None}


def _is_simple(p: Projection) -> bool:
    """Dense rows of bytes without a map or delays."""
    return p.kind is ProjectionKind.DENSE and p.bits == 8 and p.source_map is None and p.delays is None


def _of_projection(p: Projection) -> tuple[str, ...]:
    """The kernels of a projection."""
    if p.kind is ProjectionKind.DENSE:
        more = () if _is_simple(p) else (_ROWS[p.bits][0], _CODES)
        return (*_DENSE, *more)
    if p.kind is ProjectionKind.CONV:
        return _CONV if p.bits == 8 else (_CODES,)
    return {ProjectionKind.SPARSE: (_PAIRS,), ProjectionKind.SPARSE4: (_BLOCKS,)}.get(p.kind, ())


def _parts(model: Model) -> Iterator[str]:
    """Entries of struct spkl_parts."""
    kinds = {p.kind for p in model.projections}
    rows = [p for p in model.projections if p.kind is ProjectionKind.DENSE and not _is_simple(p)]
    convs = [p for p in model.projections if p.kind is ProjectionKind.CONV]
    yield from (f"    .{name} = spkl_{name}," for name in sorted(_ticks(model)))
    yield from (f"    .build[{kind.value}] = spkl_{name}," for kind, name in _BUILDERS.items() if kind in kinds)
    if any(p.delays is not None for p in model.projections):
        yield "    .build_late = spkl_build_late,"
    if any(p.kind is PopulationKind.DELAY for p in model.populations):
        yield "    .place_line = spkl_place_line,"
    if any(p.block for p in model.populations):
        yield "    .place_blocks = spkl_place_blocks,"
    yield from (f"    .add_rows[{layout}] = spkl_{name}," for name, layout in sorted({_ROWS[p.bits] for p in rows}))
    if rows or any(p.bits != 8 for p in convs):
        yield "    .add_codes = spkl_add_codes_s32,"
    if any(p.bits == 8 for p in convs):
        yield from (f"    .{name} = spkl_{name}_s8_s32," for name in ("add_runs", "add_row_times"))
        yield "    .add_pixel = spkl_add_pixel_s8_s16,"
        yield "    .widen_pixels = spkl_widen_pixels_s16_s32,"
        yield "    .pixels_pay = &spkl_pixels_pay,"
