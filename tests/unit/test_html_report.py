"""The page of a verification: well-formed, self-contained, escaped, and its figures are those of the JSON."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikelet.converters import convert
from spikelet.datasets import DataSet, load
from spikelet.html_report import Report, page
from spikelet.html_report_parts import tag
from spikelet.model import Model, OutputPort, Population
from spikelet.original import original
from spikelet.reference import Reference
from spikelet.verify import verify
from support.browser import complaints, screenshot
from support.command_line import DIGITS, SAID, answer, spikelet
from support.nir_networks import affine, chain, lif
from support.nir_networks import written as written_network
from support.random_models import random_events, random_model

NETWORK, DATA = DIGITS / "digits.nir", DIGITS / "digits_test.npz"
VOID = {"meta", "link", "br", "img", "hr", "input"}
#: Elements and attributes that load or run something.
LOADS = {"src", "srcset", "data", "poster", "background", "action", "formaction"}
HOSTILE = '</script><img src=x onerror="alert(1)">&amp;\x1b[31m\u202e\'"]]>'


class Checked(HTMLParser):
    """Reads a page and fails where tags do not match; keeps what tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.figures: dict[str, str] = {}
        self.tags: set[str] = set()
        self.text = ""
        self.embedded = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note attributes and figures."""
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        said = dict(attrs)
        if tag == "data":
            self.figures[str(said["data-key"])] = str(said["value"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements of SVG that close themselves."""
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Every tag closes the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        if self.open[-1:] == ["script"]:
            self.embedded += data
        elif self.open[-1:] != ["style"]:
            self.text += data


def check_page(text: str) -> Checked:
    """What holds for every page."""
    found = Checked(text)
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(svg)
    loads = [(tag, name, value) for tag, name, value in found.attributes if name in LOADS or tag in {"link", "base"}]
    links = [value for _, name, value in found.attributes if name.endswith("href")]
    assert loads == []
    assert all(link.startswith("#") for link in links)
    assert {f"#{value}" for _, name, value in found.attributes if name == "id"} >= set(links)
    assert [name for _, name, _ in found.attributes if name.startswith("on")] == []
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("http-equiv", "")
    assert re.findall(r"url\((?!#)", text) == []
    assert "@import" not in text
    assert "default-src 'none'" in text.split("<style>", maxsplit=1)[0]
    assert len(text) < 2_000_000
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The page of 30 digits, and its JSON."""
    file = tmp_path_factory.mktemp("page") / "out.html"
    words = ("verify", NETWORK, DATA, *SAID, "--samples", 30, "--report", file, "--weight-bits", 5)
    return file, answer(*words, "--on", "host", "--on", "reference")


def test_the_page_is_whole_and_needs_nothing(written: tuple[Path, dict[str, Any]]) -> None:
    """Tags match, every drawing is XML, nothing is loaded or run."""
    found = check_page(written[0].read_text())

    assert {"svg", "table", "data"} <= found.tags
    assert found.text.count("neuron ") > 4


def pointed(data: Any, key: str) -> Any:
    """The value at a path through the JSON."""
    for step in key.split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        data = data[int(name)] if isinstance(data, list) else data[name]
    return data


def test_figures_are_those_of_the_json(written: tuple[Path, dict[str, Any]]) -> None:
    """Every figure says where it stands in the JSON; the embedded JSON is the printed one without its samples."""
    file, said = written
    found = Checked(file.read_text())

    assert len(found.figures) > 40
    for key, value in found.figures.items():
        assert str(pointed(said, key)) == value, key
    assert {key.split("/")[0] for key in found.figures} >= {"layers", "populations", "comparisons", "accuracy"}
    embedded = json.loads(found.embedded)
    assert embedded == {name: value for name, value in said.items() if name not in {"predictions", "labels"}}


def test_the_page_names_layers_advice_choices_and_how_to_repeat_it(written: tuple[Path, dict[str, Any]]) -> None:
    """Populations, projections, every warning, the framework, hashes, and the command that was typed."""
    file, said = written
    text = Checked(file.read_text()).text

    for layer in said["layers"]:
        assert f"{layer['population']} {layer['size']} neurons" in text
    for advice in said["advice"]:
        assert advice["text"] in text
        assert advice["advice"] in text
    for word in (
        "input > 1: dense",
        "1 > 3: dense",
        "snntorch",
        "reset_place",
        f"spikelet verify {NETWORK} {DATA} --on host --on reference --samples 30 --report {file} --framework snntorch",
        "--weight-bits 5",
        said["verdict"],
        "SHA-256 of the image",
        "numpy",
    ):
        assert word in text
    assert "--json" not in text


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """No time, no order of sets; a note stands in the head where one is given."""
    words = ("verify", NETWORK, DATA, *SAID, "--samples", 3, "--on", "reference", "--report", tmp_path / "out.html")
    pages = []
    for _ in range(2):
        assert spikelet(*words, "--force", "--note", "on <Monday>").exit_code == 0
        pages.append((tmp_path / "out.html").read_bytes())

    assert pages[0] == pages[1]
    assert "on <Monday>" in Checked(pages[0].decode()).text


def test_a_page_is_not_replaced_and_samples_must_be_there(tmp_path: Path) -> None:
    """Said before anything runs; the old page stays."""
    file = tmp_path / "out.html"
    file.write_text("old")
    words = ("verify", NETWORK, DATA, *SAID, "--samples", 2, "--on", "reference", "--report")
    there = spikelet(*words, file)
    nowhere = spikelet(*words, tmp_path / "none" / "out.html")
    beyond = spikelet(*words, file, "--force", "--sample", 2)

    assert [(r.exit_code, r.stdout) for r in (there, nowhere, beyond)] == [(1, ""), (1, ""), (2, "")]
    assert "--force" in there.stderr
    assert "no folder" in nowhere.stderr
    assert "2 samples" in beyond.stderr
    assert file.read_text() == "old"
    chosen = spikelet(*words, file, "--force", "--sample", 1)
    assert "page written" in chosen.stdout
    assert "Sample 1, as chosen." in Checked(file.read_text()).text


def hostile(model: Model) -> Model:
    """The same model with names that are markup."""

    def named(part: Any, index: int) -> Any:
        return replace(part, name=f"{index}{HOSTILE}")

    meta = {
        **model.meta,
        "choices": {HOSTILE: {HOSTILE: HOSTILE}},
        "assumed": HOSTILE,
        "converter": HOSTILE,
        "source": {"sha256": HOSTILE},
    }
    populations: tuple[Population, ...] = tuple(named(p, i) for i, p in enumerate(model.populations))
    outputs: tuple[OutputPort, ...] = tuple(
        replace(named(p, i), labels=(HOSTILE,) * model.populations[p.population].size)
        for i, p in enumerate(model.outputs)
    )
    return replace(
        model,
        populations=populations,
        projections=tuple(named(p, i) for i, p in enumerate(model.projections)),
        inputs=tuple(named(p, i) for i, p in enumerate(model.inputs)),
        outputs=outputs,
        meta=meta,
    )


def report_of(model: Model, data: DataSet, **fields: Any) -> str:
    """A page without a float network."""
    result = verify(model, data, {HOSTILE: Reference(model)})
    return page(Report(result=result, model=model, network=None, data=data, **fields))


def test_hostile_names_are_text(tmp_path: Path) -> None:
    """Markup, control characters and turned text in every name that a file or the caller brings."""
    model = hostile(convert(NETWORK, framework="snntorch", reset="zero", encoder="rate", ticks_per_sample=25))
    data = replace(load(DATA, model).take(3), name=HOSTILE)
    fields = {name: {HOSTILE: HOSTILE} for name in ("runners", "files")}
    text = report_of(model, data, **fields, title=HOSTILE, note=HOSTILE, command=HOSTILE)
    found = check_page(text)

    assert "img" not in found.tags
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "</script><img" in found.text
    (tmp_path / "out.html").write_text(text)
    assert complaints(screenshot(tmp_path / "out.html", tmp_path / "out.png")) == []


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_of_neuron_has_a_page_without_a_float_network(seed: int, tmp_path: Path) -> None:
    """Integer units, no labels, populations that do not fire."""
    model = random_model(seed)
    events = random_events(seed, model, 30)
    record = {name: events[name].astype(np.int64) for name in ("tick", "neuron", "value")}
    np.savez(tmp_path / "data.npz", sample=np.zeros(len(events), int), **record)
    found = check_page(report_of(model, load(tmp_path / "data.npz", model, ticks=30)))

    for population in model.populations:
        assert f"{population.name} {population.size} neurons" in found.text


def test_long_samples_of_wide_populations_give_a_small_page(tmp_path: Path) -> None:
    """Thousands of neurons and ticks: some are drawn, and the page says which."""
    nodes = (affine(3000, 8), lif(3000), affine(4, 3000), lif(4))
    file = written_network(tmp_path, chain(*nodes, n_in=8, n_out=4))
    model = convert(file, framework="nir", dt=1e-3, reset="zero")
    tick, neuron = np.nonzero(np.random.default_rng(0).random((1500, 8)) < 0.3)
    np.savez(tmp_path / "data.npz", sample=np.zeros(len(tick), int), tick=tick, neuron=neuron)
    data, network = load(tmp_path / "data.npz", model, ticks=1500), original(file, model)
    result = verify(model, data, {}, network=network)
    text = page(Report(result=result, model=model, network=network, data=data))

    assert "of 3,000 neurons" in check_page(text).text
    assert "of 1500." in text
    assert len(text) < 700_000


def test_text_in_the_page_is_escaped_once() -> None:
    """What is HTML already stays; all else is text."""
    assert tag("b", "<&>", tag("i", "x"), title='"') == '<b title="&quot;">&lt;&amp;&gt;<i>x</i></b>'


def test_a_browser_finds_nothing_wrong(written: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """No error on the console; something is drawn."""
    log = screenshot(written[0], tmp_path / "page.png")
    (tmp_path / "bad.html").write_text("<script>console.error(1)</script>")

    assert complaints(log) == []
    assert len(complaints(screenshot(tmp_path / "bad.html", tmp_path / "bad.png"))) == 1
    assert (tmp_path / "page.png").stat().st_size > 20_000


def test_the_sample_that_differs_most_is_drawn() -> None:
    """And the page says so."""
    model = convert(NETWORK, framework="snntorch", reset="zero", encoder="rate", ticks_per_sample=25)
    data, network = load(DATA, model).take(30), original(NETWORK, model)
    result = verify(model, data, {}, network=network)
    text = check_page(page(Report(result=result, model=model, network=network, data=data))).text

    assert f"Sample {int(np.argmax(result.unequal_of_sample))}, the one in which most spikes differ." in text
    assert result.first_of_sample.min() >= -1
    assert [n < 0 for n in result.first_of_sample] == [n == 0 for n in result.unequal_of_sample]
