"""Work of a tick in the neurons' kernels, as terms that have a cost each: csrc/kernels/*/lif_tick_*."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from spikelet.budget_activity import Update
from spikelet.converters.emit.kernels import is_calm, tick_kernel
from spikelet.model import Model, Population, RefractoryMode, ResetKind

__all__ = ["Neurons"]

#: Blocks whose bits are looked at together.
_WORD = 32
_Index = npt.NDArray[np.int64]
#: Kernel sets whose plain kernel goes in fours, and looks for a change after each.
_THUMB2 = ("armdsp", "armv7m")
#: Neurons for which these copy a parameter that all share.
_COPIES = 16


class Neurons:
    """The neurons of a population: what is known of them before anything runs.

    Args:
        model: the population's.
        index: its number.
        kernels: the board's list of kernel sets.
    """

    def __init__(self, model: Model, index: int, kernels: tuple[str, ...]) -> None:
        population = self._population = model.populations[index]
        self._kernel = (tick_kernel(model, index) or "").removeprefix("lif_tick_").removesuffix("_s32")
        choices = population.choices
        self._kind = choices.reset_kind.name.lower()
        self._late = choices.reset_next or choices.test_previous
        self._set = kernels[0]
        self._slow = self._kernel == "plain" and _is_slow(population, self._set)
        self._floors = len(population.parameters.get("v_min", [0])) > 1
        self._differs = self._floors or len(population.parameters.get("fire_above", [0])) > 1
        self._leaks = bool(population.parameters.get("decay_v", np.array([65536]))[0] < 65536)
        self._shared = sum(len(population.parameters.get(name, [0])) == 1 for name in ("bias", "fire_above"))
        self._calm = self._kernel == "plain" and is_calm(model, index)
        self._integrates = ""
        self._each = self._of_each()

    def terms(self, update: Update, touched: npt.NDArray[np.bool_] | None, *, busy: bool) -> Counter[str]:
        """What an update costs; `touched` are the blocks for which an event came, `busy`: one came for any neuron."""
        found: Counter[str] = Counter()
        population = self._population
        starts: _Index = np.zeros(1, np.int64)
        sizes: _Index = np.array([population.size])
        if population.block:
            assert update.rested is not None
            assert touched is not None
            starts, sizes = self._parts(found, touched | ~update.rested)
            found["blocks.fired"] += len(update.fired)
        # Nobody asks whether a neuron has changed where an event came.
        asked = not busy or population.block > 0
        first = _first(update, starts, sizes) if asked else np.full(len(starts), -1)
        if self._kernel == "plain":
            self._plain(found, update, first, sizes)
        else:
            self._one_by_one(found, update, first, sizes)
        return +found

    def _parts(self, found: Counter[str], awake: npt.NDArray[np.bool_]) -> tuple[_Index, _Index]:
        """Where parts of neurons that are updated at once begin, and their sizes: one block each, or all that join."""
        width = 2**self._population.block
        blocks = np.flatnonzero(awake)
        joined = (np.diff(blocks, prepend=-2) == 1) & (blocks % _WORD > 0)
        starts = blocks if self._kernel != "if" else blocks[~joined]
        counts = np.ones(len(blocks), np.int64)
        if self._kernel == "if":
            counts = np.diff(np.append(np.flatnonzero(~joined), len(blocks)))
        each = sum(len(values) > 1 for values in self._population.parameters.values())
        found += Counter({"blocks.call": 1, "blocks.word": -(-len(awake) // _WORD)})
        found += Counter({"blocks.run": len(blocks), "blocks.part": len(starts), "blocks.each": each * len(starts)})
        begins = starts * width
        return begins, np.minimum(counts * width, self._population.size - begins)

    def _one_by_one(self, found: Counter[str], update: Update, first: _Index, sizes: _Index) -> None:
        """The kernels `any` and `if`: the same for each neuron, but where it fires or is late or quiet."""
        name, n = self._kernel, int(sizes.sum())
        found[f"{name}.call"] += len(sizes)
        if name == "if":
            self._if(found, first, sizes)
            found["if.low"] += 0 if update.low is None else int(np.count_nonzero(update.low))
        else:
            for term, times in self._each.items():
                found[term] += times * n
        fired = "fired.late" if self._late else f"fired.{self._kind}"
        found[f"{name}.{fired}"] += len(update.fired)
        if self._late:
            found[f"{name}.due.{self._kind}"] += update.due
        if self._population.choices.several:
            found[f"{name}.count"] += len(update.fired)
            found[f"{name}.count.bit"] += update.bits
            found[f"{name}.more.{self._kind}"] += _more(update)
        if self._kernel != "any":
            return
        choices = self._population.choices
        held = choices.refractory_mode is RefractoryMode.HOLD
        found[self._integrates] += n - (update.quiet if held else 0)
        found["any.tested"] += n - update.quiet
        found[f"any.quiet.{choices.refractory_mode.name.lower()}"] += update.quiet

    def _if(self, found: Counter[str], first: _Index, sizes: _Index) -> None:
        """One by one until a neuron has changed, then in pairs or in a short loop."""
        stops = np.minimum(first + 1, sizes)
        left = sizes - stops
        if self._set in _THUMB2:
            of_one = "" if self._differs else ".one"
            found[f"if.pair{of_one}"] += int((left // 2).sum())
            found[f"if.pairs{of_one}"] += int((left > 1).sum())
            stops = stops + left % 2
        else:
            found["if.rest.each" if self._differs else "if.rest"] += int(left.sum())
        found["if.each"] += int(stops.sum())

    def _of_each(self) -> Counter[str]:
        """Terms of `any` for one neuron, by choices; what is not chosen costs, too."""
        c = self._population.choices
        found = Counter({f"{self._kernel}.neuron": 1})
        if self._kernel != "any":
            return found
        rounding = f"{c.rounding.name.lower()}.{12 if c.shift12 else 16}"
        self._integrates = f"any.{'add' if c.add_then_decay else 'decay'}.{rounding}"
        found[f"any.decay.{rounding}"] += c.has_u + c.has_a
        found[f"any.u{int(c.u_order)}" if c.has_u else "any.no_u"] += 1
        for name in ("bias_to_v", "fires", "several", "has_refractory", "has_a", "reset_adapted", "adapt_decay_first"):
            found[f"any.{'' if getattr(c, name) else 'no_'}{name}"] += 1
        found["any.test_previous" if c.test_previous else "any.reset_next" if c.reset_next else "any.at_once"] += 1
        return +found

    def _plain(self, found: Counter[str], update: Update, first: _Index, sizes: _Index) -> None:
        """The kernel `plain`: each set has its own way of looking for the first neuron that changes."""
        found["plain.call"] += len(sizes)
        how = "slow" if self._slow else "fast"
        low = 0 if update.low is None else int(np.count_nonzero(update.low))
        if self._set in _THUMB2:
            self._thumb2(found, first, sizes)
        elif self._set == "riscv":
            self._riscv(found, first, sizes)
        else:
            how = "fast"
            low = update.negative if self._floors else low
            self._armv6m(found, first, sizes)
        found[f"plain.{how}.low"] += low
        found[f"plain.{how}.fired.{'late' if self._late else self._kind}"] += len(update.fired)
        if self._late:
            before = "before." if self._population.choices.reset_before_leak else ""
            found[f"plain.{how}.due.{before}{self._kind}"] += update.due

    def _thumb2(self, found: Counter[str], first: _Index, sizes: _Index) -> None:
        """Fours, then ones; it stops behind each until a neuron has changed, later where copies of a parameter end."""
        if self._slow:
            found["plain.slow.neuron"] += int(sizes.sum())
            return
        fours, ones = sizes // 4, sizes % 4
        looks = np.where(first < 4 * fours, first // 4 + 1, fours + np.minimum(first - 4 * fours + 1, ones))
        looks = np.where(first < 0, 0, looks)
        left = np.maximum(fours - looks, 0)
        late = ".late" if self._late else ""
        found["plain.fast"] += len(sizes)
        found["plain.copy"] += self._shared * len(sizes)
        found[f"plain.four{late}"] += int(fours.sum())
        found[f"plain.one{late}"] += int(ones.sum())
        found["plain.stop"] += int(looks.sum())
        found["plain.looked"] += int(np.minimum(first + 1, sizes).sum())
        if self._shared:
            found["plain.turn"] += int((-(-4 * left // _COPIES) + (ones + fours > looks)).sum())
        if not self._calm:
            found["plain.raised"] += int(sizes.sum() + np.minimum(4 * looks, sizes).sum())

    def _armv6m(self, found: Counter[str], first: _Index, sizes: _Index) -> None:
        """One by one until a neuron has changed and fours are left."""
        stops = np.minimum(first + 1, sizes)
        each = stops + (sizes - stops) % 4
        found["plain.each"] += int(each.sum())
        found[f"plain.four{'.calm' if self._calm else ''}"] += int((sizes - each).sum()) // 4

    def _riscv(self, found: Counter[str], first: _Index, sizes: _Index) -> None:
        """The same; then eights, where v_min is the same for all and something leaks."""
        stops = np.minimum(first + 1, sizes)
        fours = (sizes - stops) // 4 * (self._leaks and not self._slow)
        late = ".late" if self._late else ""
        found[f"plain.each{late}"] += int((sizes - 4 * fours).sum())
        found[f"plain.four{late}{'.calm' if self._calm else ''}"] += int(fours.sum())
        found["plain.pass"] += int((-(-fours // 2)).sum())
        found["plain.fast"] += int((fours > 0).sum())


def _more(update: Update) -> int:
    """Neurons that fired more than once."""
    return 0 if update.fired.values is None else int(np.count_nonzero(update.fired.values > 1))


def _first(update: Update, starts: _Index, sizes: _Index) -> _Index:
    """In each part the first neuron that changed; its size: none."""
    if update.changed is None:
        return np.zeros(len(starts), np.int64)
    found: _Index = sizes.copy()
    for part, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        changed = np.flatnonzero(update.changed[start : start + size])
        if len(changed):
            found[part] = changed[0]
    return found


def _is_slow(population: Population, kernels: str) -> bool:
    """Whether the plain kernels of Thumb-2 and RISC-V go neuron by neuron."""
    choices, parameters = population.choices, population.parameters
    if len(parameters.get("v_min", [0])) > 1 or kernels == "riscv":
        return len(parameters.get("v_min", [0])) > 1
    if int(parameters.get("decay_v", np.array([65536]))[0]) < 32768:
        return True
    if choices.reset_before_leak:
        return choices.reset_kind is not ResetKind.SET or len(parameters.get("reset", [0])) > 1
    return False
