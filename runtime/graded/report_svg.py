"""A graded network as a picture: ports and layers, with shapes, weights and work."""

from __future__ import annotations

from typing import Any

from spikelet.graded.model import GradedModel, GradedPort
from spikelet.graded.names import short_name
from spikelet.graded.report import describe, kind_of, one_line, shape_of
from spikelet.graded.report_flow import flows
from spikelet.graded.report_macs import is_depthwise
from spikelet.svg import Svg
from spikelet.svg_graph import STYLE, GraphEdge, GraphNode, draw

__all__ = ["draw_graded", "graded_drawing"]


def draw_graded(model: GradedModel, *, title: str) -> str:
    """Draw a graded network as an SVG file; see graded_drawing."""
    return graded_drawing(model, title=title).file(STYLE) + "\n"


def graded_drawing(model: GradedModel, *, title: str) -> Svg:
    """Draw a graded network; the same model gives the same bytes.

    Several layers may write one tensor, such as the parts of a concatenation: then all of them lead to its readers.
    Variables, which a streaming network keeps between inferences, lead back from who writes them to who reads them.

    Args:
        model: to draw.
        title: such as the file's name; stands above the picture.

    Raises:
        ModelError: the model breaks a rule.
    """
    report = describe(model)
    nodes = [_port(model, port, "input") for port in model.inputs]
    nodes += [_layer(model, entry) for entry in report["layers"]]
    nodes += [_port(model, port, "output") for port in model.outputs]
    edges = [_edge(model, *flow) for flow in flows(model)]
    image = report["image"]
    head = [
        f"{title}: {one_line(model)}",
        f"{report['parameters']:,} parameters, {report['macs']:,} multiply-accumulates, image {image['bytes']:,} bytes,"
        f" CRC-32 {image['crc32']}",
    ]
    return draw(nodes, edges, title=title, head=head)


def _edge(model: GradedModel, source: int, target: int, tensor: int) -> GraphEdge:
    shape = shape_of(model.tensors[tensor].shape).replace("x", "×")
    back = source >= target
    return GraphEdge(source=source, target=target, lines=(shape,), back=back, tip=model.tensors[tensor].name)


def _port(model: GradedModel, port: GradedPort, looks: str) -> GraphNode:
    tensor = model.tensors[port.tensor]
    lines = [f"{looks}, {'×'.join(map(str, tensor.shape))} {tensor.type.name.lower()}"]
    lines.append(f"scale {tensor.scale:.4g}, zero {tensor.zero_point}")
    if port.labels:
        lines.append(f"{len(port.labels)} labels")
    return GraphNode(name=short_name(port.name), lines=tuple(lines), looks=looks, tip=port.name)


def _layer(model: GradedModel, entry: dict[str, Any]) -> GraphNode:
    """A layer: what it does, its window, its weights and work."""
    layer = model.layers[entry["index"]]
    p = layer.parameters
    what = kind_of(layer)
    if "kernel_y" in p and p["kernel_y"] * p["kernel_x"] > 1:
        what += f" {p['kernel_y']}×{p['kernel_x']}"
    if p.get("stride_y", 1) * p.get("stride_x", 1) > 1:
        what += f", stride {p['stride_y']}" + (f"×{p['stride_x']}" if p["stride_y"] != p["stride_x"] else "")
    if p.get("groups", 1) > 1 and not is_depthwise(layer):
        what += f", {p['groups']} groups"
    lines = [what]
    if entry["weights"]:
        bits = "" if entry["bits"] == 8 else f" of {entry['bits']} bits"
        lines.append(f"{entry['parameters']:,} parameters{bits}")
        lines.append(f"{entry['macs']:,} multiply-accumulates")
    return GraphNode(name=short_name(layer.name), lines=tuple(lines), tip=layer.name)
