"""The most that whole inferences may take, built by gcc -O2: instructions a synaptic operation, by core."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CONVOLUTION", "FOUR_BITS", "LIMITS", "QUIET_LIMIT", "SMALL_ENGINE"]

#: The 784-128-10 networks with weights of 8 bits.
LIMITS: Mapping[str, float] = {"M4": 0.95, "M33": 0.95, "M3": 1.30, "M0+": 1.80, "RV32IMC": 1.75, "M55": 0.45}
#: With weights of 4 bits.
FOUR_BITS: Mapping[str, float] = {"M4": 0.95, "M3": 0.95}
#: What the events of a convolution of 3 x 3 and 16 channels add to a tick in which all neurons fire, gcc.
CONVOLUTION: Mapping[str, float] = {"M4": 0.85, "M33": 0.85}
#: Instructions of a tick of two populations in which nothing happens, on M4, by compiler.
QUIET_LIMIT: Mapping[str, int] = {"gcc": 84, "zig": 100}
#: Bytes of the engine for dense LIF, loader included, on M0+ at -Os.
SMALL_ENGINE = 4000
