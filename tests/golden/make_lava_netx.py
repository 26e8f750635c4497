"""Makes tests/golden/lava/netx.{net,npz}: what Lava's own netx, run step by step, makes of a file like deep.net.

    python tests/golden/make_lava_netx.py

needs Python 3.10, lava-dl 0.6.0 and lava-nc 0.10.0 (see docs/how-to/loihi.md). Making the files again gives the
same arrays. netx leaves out wgtExp, delays of convolutions and decays by channel, so this file has none.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
TICKS = 24


def layers() -> list[dict[str, Any]]:
    """deep.net with what netx reads; thresholds that fire without wgtExp."""
    made: list[dict[str, Any]] = import_module("make_lava").deep()
    for layer in made:
        neuron = layer.get("neuron", {})
        neuron.pop("wgtExp", None)
        neuron.update({name: 777 for name in ("iDecay", "vDecay") if np.size(neuron.get(name, 0)) > 1})
        if layer["type"] == "conv":
            layer.pop("delay", None)
    made[2]["neuron"]["vThMant"], made[8]["neuron"]["vThMant"] = 400, 900
    return made


def main() -> None:
    """Write the file, run it with an image as bias of the input's neurons, keep u and v of each step."""
    netx: Any = import_module("lava.lib.dl.netx")
    run_config = import_module("lava.magma.core.run_configs").Loihi2SimCfg(select_tag="fixed_pt")
    steps = import_module("lava.magma.core.run_conditions").RunSteps
    fields = layers()
    path = import_module("make_lava").written(HERE / "lava" / "netx.net", fields)
    shape = fields[0]["shape"]
    image = np.random.default_rng(9).integers(-8, 77, int(np.prod(shape)))
    net = netx.hdf5.Network(net_config=str(path))
    net.layers[0].neuron.bias_mant.init = image.reshape(shape).transpose(2, 1, 0)
    names = [f"{layer['type']}{i}" for i, layer in enumerate(fields) if "neuron" in layer]
    rows: dict[str, list[Any]] = {}
    for _ in range(TICKS):
        net.run(condition=steps(num_steps=1), run_cfg=run_config)
        for name, layer in zip(names, net.layers, strict=True):
            for variable in ("u", "v"):
                values = np.asarray(getattr(layer.neuron, variable).get())
                ordered = values.transpose(2, 1, 0) if values.ndim == 3 else values
                rows.setdefault(f"{name}.{variable}", []).append(ordered.reshape(-1).astype(np.int32))
    net.stop()
    np.savez_compressed(
        HERE / "lava" / "netx.npz",
        made_by=np.array(f"lava-nc {version('lava-nc')}, lava-dl {version('lava-dl')}"),
        inputs=np.tile(image, (TICKS, 1)).astype(np.int16),
        **{name: np.stack(values) for name, values in rows.items()},
    )


if __name__ == "__main__":
    main()
