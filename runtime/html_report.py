"""One page that shows a verification: self-contained, the same bytes for the same run, no name trusted."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelet.agreement_data import data_of
from spikelet.datasets import DataSet
from spikelet.html_report_parts import Html, drawn, join, tag, text
from spikelet.html_report_pictures import layer_pictures, weight_pictures
from spikelet.html_report_sections import advice, cards, choices, classes, facts, layers, populations, runners
from spikelet.html_report_style import STYLE
from spikelet.image import encode
from spikelet.model import Model
from spikelet.report import describe, one_line
from spikelet.svg import clean
from spikelet.svg_network import network_drawing
from spikelet.verify import Verification

if TYPE_CHECKING:
    from spikelet.converters.graph import Network

__all__ = ["Report", "page"]

#: A browser loads nothing for this page, and runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_WORDS = {"good": "agrees", "warn": "look closer", "bad": "does not agree"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a page is made of.

    `runners` says about each runner what it is, `files` names files with their SHA-256, and `command`
    repeats the run. `title` is the model's name, `note` a line for the head, such as a date; no page has one by
    itself. `sample` is which sample is drawn; None: the one with most differences.
    """

    result: Verification
    model: Model
    network: Network | None
    data: DataSet
    runners: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    command: str = ""
    note: str = ""
    sample: int | None = None


def page(report: Report) -> str:
    """Write the page.

    Raises:
        ModelError: the model breaks a rule.
    """
    found = data_of(report.result)
    described = describe(report.model)
    title = f"{report.title or one_line(report.model)} verified"
    head = tag("p", tag("b", _WORDS[found["level"]]), found["verdict"], cls=f"verdict {found['level']}")
    sections: list[tuple[str, str, Html]] = [("advice", "Warnings and advice", advice(found["advice"]))]
    if found["layers"]:
        sections.append(("layers", "Float network and integers, layer by layer", _layers(found)))
    sections.append(
        ("activity", "Activity and limits of the integers", populations(found["populations"], found["layers"]))
    )
    if found["comparisons"]:
        said = tag("p", "Every state word and every event of every tick, against the integer reference.")
        sections.append(("runners", "Integer reference and the others", join([said, runners(found, report.runners)])))
    by_class = classes(report.result, report.model.outputs[0].labels)
    if by_class:
        sections.append(("classes", "Accuracy by class", by_class))
    sections.append(("network", "Network", drawn(network_drawing(report.model, title=report.title or "network"))))
    pictures = layer_pictures(report.result, report.model, report.network, report.data, report.sample)
    sections.append(("spikes", "Spikes and potentials", join([_legend(report.network is not None), pictures])))
    sections.append(("weights", "Weights", weight_pictures(report.model, report.network)))
    sections.append(("choices", "Choices made at conversion", choices(described["meta"])))
    sections.append(("repeat", "To repeat", _repeat(report, described)))
    nav = tag("nav", *(tag("a", name, href=f"#{anchor}") for anchor, name, _ in sections))
    body = tag(
        "main",
        tag("h1", title),
        tag("div", _subtitle(report), cls="muted"),
        head,
        cards(found),
        nav,
        *(tag("section", tag("h2", name), inside, id=anchor) for anchor, name, inside in sections),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="data">{_embedded(found)}</script>\n</body>\n</html>\n'
    )


def _subtitle(report: Report) -> str:
    names = [report.data.name, *report.runners]
    return " · ".join([*(clean(name) for name in names), *([report.note] if report.note else [])])


def _layers(found: Mapping[str, Any]) -> Html:
    """The table by layer and how to read it."""
    said = (
        "Ticks and sums: parts of all (sample, tick, neuron) cells and (sample, neuron) sums with equal spike counts."
        " Rates: Pearson's r of these sums. v apart is in thresholds of the neuron (populations without one: in the"
        " largest |v| of the float network). A spike that comes a tick late leaves two potentials a reset apart, so"
        " cells of a neuron count up to its first differing spike in a sample; cells says how many are left."
    )
    return join([layers(found["layers"]), tag("p", said, cls="muted")])


def _legend(both: bool) -> Html:
    names = [("--whole", "integers"), ("--bad", "threshold")]
    if both:
        names = [("--float", "float network"), *names, ("--ink", "spikes of both")]
    made = (tag("span", tag("i", style=f"--c:var({colour})"), name) for colour, name in names)
    return tag("p", *made, cls="key muted")


def _repeat(report: Report, described: Mapping[str, Any]) -> Html:
    """Command, hashes and versions."""
    image, source = described["image"], described["meta"].get("source", {})
    said: list[tuple[str, object]] = [
        ("network", one_line(report.model)),
        ("image", f"{image['bytes']:,} bytes, CRC-32 {image['crc32']}, format {image['format']}"),
        ("SHA-256 of the image", tag("code", hashlib.sha256(encode(report.model)).hexdigest())),
    ]
    if source.get("sha256"):
        said.append(("SHA-256 of the trained file", tag("code", source["sha256"])))
    said += [(f"SHA-256 of {name}", tag("code", digest)) for name, digest in report.files.items()]
    said += [(f"on {name}", what) for name, what in report.runners.items()]
    said.append(("versions", f"spikelet {_version()}, Python {platform.python_version()}, numpy {np.__version__}"))
    made = [tag("pre", report.command)] if report.command else []
    return join([*made, facts(said)])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("spikelet")
    except PackageNotFoundError:
        return "(not installed)"


def _embedded(found: Mapping[str, Any]) -> Html:
    """The figures for machines; what each sample gave is left out."""
    kept = {name: value for name, value in found.items() if name not in {"predictions", "labels"}}
    said = json.dumps(kept, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Html(said.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
