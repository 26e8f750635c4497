"""Which kernels a model needs, and the table that links only these."""

from __future__ import annotations

from spikelet.model import Decoder, Encoder, Model

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


def kernel_names(model: Model) -> list[str]:
    """Names of the kernels that a model needs: their files' stems, in order."""
    names = set()
    for index in range(len(model.populations)):
        names.add("lif_tick_plain_s32" if is_plain(model, index) else "lif_tick_any_s32")
    if model.projections:
        names.add("add_rows_u8_s32")
    if any(_max_value(model, p.source, p.from_input) > 1 or _may_be_negative(model, p.source, p.from_input) for p in model.projections):
        names.add("add_row_scaled_u8_s32")
    names |= {_ENCODERS[port.encoder] for port in model.inputs if port.encoder in _ENCODERS}
    names |= {_DECODERS[port.decoder] for port in model.outputs if port.decoder in _DECODERS}
    return sorted(names)
