"""Sections of the page of a verification that are tables: layers, runners, classes, choices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikelet.agreement_data import predictions_of
from spikelet.html_report_parts import Html, figure, join, table, tag
from spikelet.svg import short
from spikelet.verify import Verification

__all__ = ["advice", "cards", "choices", "classes", "layers", "populations", "runners"]

#: Classes of a confusion matrix, and of the table by class, that are shown.
_CONFUSION, _CLASSES = 32, 100


def _percent(part: float | None, digits: int = 2) -> str:
    """A part as percent; what is not quite everything is not rounded up to it."""
    if part is None or math.isnan(part):
        return "–"
    return f"{_below(100 * part, 100, digits)} %"


def _below(value: float, whole: float, digits: int) -> str:
    """A number that is not rounded up to the whole that it does not reach."""
    if value < whole and round(value, digits) >= whole:
        value = whole - 10.0**-digits
    return f"{value:.{digits}f}"


def _number(value: float) -> str:
    return f"{value:,}"


def _place(found: Sequence[int] | None) -> str:
    return "–" if found is None else "sample {}, tick {}, neuron {}".format(*found)


def cards(data: Mapping[str, Any]) -> Html:
    """The figures that matter most."""
    made: list[tuple[Html, str]] = [
        (figure(_number(data["samples"]), "samples", data["samples"]), f"samples, {_number(data['ticks'])} ticks")
    ]
    firing = [(i, layer) for i, layer in enumerate(data["layers"]) if layer["fires"]]
    if firing:
        index, layer = min(firing, key=lambda pair: pair[1]["spikes_equal"])
        shown = figure(_percent(layer["spikes_equal"]), f"layers/{index}/spikes_equal", layer["spikes_equal"])
        made.append((shown, f"of the ticks equal in the layer that is furthest, {short(layer['population'], 24)}"))
    shown_errors = [(i, layer) for i, layer in enumerate(data["layers"]) if layer["v_rms"] is not None]
    if shown_errors:
        index, layer = max(shown_errors, key=lambda pair: pair[1]["v_rms"])
        unit = "thresholds" if layer["v_unit"] == "threshold" else "of the largest |v|"
        shown = figure(f"{layer['v_rms']:.3f}", f"layers/{index}/v_rms", layer["v_rms"])
        made.append((shown, f"{unit} apart (rms), largest of all layers"))
    for name in ("float", "reference"):
        right = data["accuracy"].get(name)
        if right is not None:
            said = "right in the float network" if name == "float" else "right in integers"
            made.append((figure(_percent(right), f"accuracy/{name}", right), said))
    words = sum(sum(c["words"].values()) for c in data["comparisons"])
    unequal = sum(sum(c["unequal"].values()) for c in data["comparisons"])
    if words:
        made.append((tag("i", f"{unequal:,}", cls="no" if unequal else "yes"), f"of {words:,} words differ"))
    return tag(
        "div", *(tag("div", tag("b", shown), tag("span", said), cls="card") for shown, said in made), cls="cards"
    )


def advice(found: Sequence[Mapping[str, Any]]) -> Html:
    """Warnings, then remarks."""
    if not found:
        return tag("p", "Nothing to report: no silent or always firing neurons, no value at a limit, no layer apart.")
    ordered = sorted(found, key=lambda one: not one["serious"])
    made = (
        tag(
            "li",
            one["text"],
            tag("span", one["advice"], cls="muted"),
            cls="warn" if one["serious"] else "",
        )
        for one in ordered
    )
    return tag("ul", *made, cls="advice")


def layers(found: Sequence[Mapping[str, Any]]) -> Html:
    """Float network against integers."""
    rows = []
    for index, layer in enumerate(found):

        def cell(shown: str, name: str, at: int = index, own: Mapping[str, Any] = layer) -> Html:
            return figure(shown, f"layers/{at}/{name}", own[name])

        fires = layer["fires"]
        r = layer["rate_correlation"]
        unit = "" if layer["v_unit"] == "threshold" else " of max"
        rms, largest = layer["v_rms"], layer["v_largest"]
        rows.append(
            (
                tag("b", layer["population"]),
                cell(_number(layer["size"]), "size"),
                cell(_number(layer["spikes_float"]), "spikes_float") if fires else "–",
                cell(_number(layer["spikes_integer"]), "spikes_integer") if fires else "–",
                cell(_percent(layer["spikes_equal"]), "spikes_equal") if fires else "–",
                cell(_percent(layer["counts_equal"]), "counts_equal") if fires else "–",
                cell(_below(r, 1, 4), "rate_correlation") if r is not None else "–",
                join([cell(f"{rms:.4f}", "v_rms"), unit]) if rms is not None else "–",
                join([cell(f"{largest:.3f}", "v_largest"), unit]) if largest is not None else "–",
                cell(_percent(layer["v_compared"], 1), "v_compared") if rms is not None else "–",
                _place(layer["first"]),
            )
        )
    columns = (
        "population",
        "#neurons",
        "#spikes, float",
        "#integer",
        "#ticks equal",
        "#sums equal",
        "#rates correlate",
        "#v apart in thresholds, rms",
        "#largest",
        "#cells",
        "first spike apart",
    )
    return table(columns, rows)


def populations(found: Sequence[Mapping[str, Any]], agreed: Sequence[Mapping[str, Any]]) -> Html:
    """Integers: activity and limits."""
    by_name = {layer["population"]: (index, layer) for index, layer in enumerate(agreed)}
    rows = []
    for index, one in enumerate(found):

        def cell(shown: str, name: str, at: int = index, own: Mapping[str, Any] = one) -> Html:
            return figure(shown, f"populations/{at}/{name}", own[name])

        only: list[object] = ["–", "–"]
        if one["population"] in by_name and one["fires"]:
            at, layer = by_name[one["population"]]
            keys = ("never_float_only", "never_integer_only")
            only = [figure(_number(layer[key]), f"layers/{at}/{key}", layer[key]) for key in keys]
        rows.append(
            (
                tag("b", one["population"]),
                cell(_number(one["spikes"]), "spikes") if one["fires"] else "–",
                cell(_number(one["never"]), "never") if one["fires"] else "–",
                *only,
                cell(_number(one["always"]), "always") if one["fires"] else "–",
                cell(_percent(one["saturated"]), "saturated"),
                cell(_percent(one["at_v_min"]), "at_v_min"),
                cell(_percent(one["at_max_count"]), "at_max_count"),
            )
        )
    columns = (
        "population",
        "#spikes",
        "#never fire",
        "#only in float",
        "#only in integers",
        "#always fire",
        "#at the largest integer",
        "#on the lower clamp",
        "#at the largest count",
    )
    return table(columns, rows)


def runners(data: Mapping[str, Any], described: Mapping[str, str]) -> Html:
    """Integer reference against the others: every word."""
    rows = []
    for index, one in enumerate(data["comparisons"]):
        for position, (name, words) in enumerate(one["words"].items()):
            unequal = one["unequal"][name]
            same = tag("span", "yes", cls="yes") if not unequal else tag("span", "NO", cls="no")
            where = join([tag("b", one["on"]), tag("span", f" {described.get(one['on'], '')}", cls="muted")])
            rows.append(
                (
                    "" if position else where,
                    name,
                    figure(_number(words), f"comparisons/{index}/words/{_key(name)}", words),
                    figure(_number(unequal), f"comparisons/{index}/unequal/{_key(name)}", unequal),
                    same,
                )
            )
    made = [table(("on", "population", "#words compared", "#unequal", "identical"), rows)]
    for one in data["comparisons"]:
        if one["first"] is not None:
            first = one["first"]
            made.append(
                tag(
                    "p",
                    f"{one['on']} first differs at sample {first['sample']}, tick {first['tick']}, population"
                    f" {first['population']!r}, neuron {first['neuron']}: {first['variable']} is {first['found']},"
                    f" the reference has {first['expected']}",
                    cls="no",
                )
            )
    return join(made)


def _key(name: str) -> str:
    """A name as a step of a path (JSON pointer's way)."""
    return name.replace("~", "~0").replace("/", "~1")


def classes(result: Verification, names: Sequence[str]) -> Html:
    """Accuracy by class, and what was taken for what."""
    labels = result.labels
    if labels is None or not np.any(result.predictions >= 0):
        return Html("")
    found = {
        name: predictions
        for name, predictions in predictions_of(result).items()
        if name in {"float", "reference"} or not np.array_equal(predictions, result.predictions)
    }
    shown = np.unique(labels)[:_CLASSES]
    rows = []
    for label in shown.tolist():
        here = labels == label
        right = (f"{int(np.sum(p[here] == label))} of {int(here.sum())}" for p in found.values())
        rows.append((_class(label, names), *right))
    total = (f"{int(np.sum(p == labels))} of {len(labels)}" for p in found.values())
    rows.append((tag("b", "all"), *total))
    made = [table(("class", *(f"#right, {name}" for name in found)), rows)]
    if len(np.unique(labels)) > _CLASSES:
        made.append(tag("p", f"The first {_CLASSES} of {len(np.unique(labels))} classes.", cls="muted"))
    return tag("div", tag("div", *made), tag("div", _confusion(labels, result.predictions, names)), cls="pair")


def _class(label: int, names: Sequence[str]) -> str:
    return short(names[label], 32) if label < len(names) else str(label)


def _confusion(labels: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], names: Sequence[str]) -> Html:
    """Rows are labels, columns predictions of the integers."""
    both = np.union1d(labels, predictions)
    if len(both) > _CONFUSION:
        return tag("p", f"No confusion matrix: {len(both)} classes, at most {_CONFUSION} are drawn.", cls="muted")
    head = tag("tr", tag("th", "label \\ said"), *(tag("th", _class(c, names)) for c in both.tolist()))
    rows = []
    for label in both.tolist():
        here = predictions[labels == label]
        cells = []
        for c in both.tolist():
            count = int(np.sum(here == c))
            part = 100 * count / max(len(here), 1)
            colour = "--good" if c == label else "--bad"
            style = f"--p:{0.6 * part:.0f};--c:var({colour})" if count else "--p:0;--c:transparent"
            cells.append(tag("td", str(count) if count else "", style=style))
        rows.append(tag("tr", tag("th", _class(label, names)), *cells))
    return tag("div", tag("table", tag("caption", "integers"), head, *rows, cls="confusion"), cls="wide")


def choices(meta: Mapping[str, Any]) -> Html:
    """How the network was imported."""
    own = meta.get("choices") or {}
    made: list[Html] = []
    if own:
        names = list(dict.fromkeys(name for values in own.values() for name in values))
        made.append(table(("", *own), [(name, *(values.get(name, "") for values in own.values())) for name in names]))
    said: list[tuple[str, object]] = [
        (name.replace("_", " "), meta[name]) for name in ("weight_bits", "input_scale", "converter") if name in meta
    ]
    calibrated = meta.get("calibration")
    if isinstance(calibrated, dict):
        said.append(("calibrated on", f"{calibrated.get('samples', '?')} samples"))
    if meta.get("assumed"):
        said.append(("assumed, since no file says it", meta["assumed"]))
    made.append(facts(said))
    return join(made)


def facts(said: Iterable[tuple[str, object]]) -> Html:
    """Names and what they are."""
    return tag("dl", *(join([tag("dt", name), tag("dd", value)]) for name, value in said))
