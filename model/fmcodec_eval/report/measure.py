"""A task's work: capture maps, bring them into formats and orders, measure every codec on them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fmcodec.codecs import Coder, Sizes, get_codec
from fmcodec.ebpc import Params, fast
from fmcodec.errors import InputError, MissingPackage
from fmcodec_eval.capture import CapturedMap
from fmcodec_eval.formats import Deployed, Fixed, Format, Order
from fmcodec_eval.report.plan import Plan, Task, codec_config
from fmcodec_eval.report.storage import BURSTS, Burst

__all__ = ["FACT_COLUMNS", "MAP_COLUMNS", "Result", "run"]

MAP_COLUMNS = (
    *("network", "image", "layer", "kind", "shape", "format", "order", "codec"),
    *("words", "zeros", "word_bits", "packets", "bits"),
    *(f"{what}_{burst}" for what in ("stored", "raw") for burst in BURSTS),
)
FACT_COLUMNS = ("network", "image", "layer", "format", "order", "fact", "bin", "amount")

# interpreters and hooked modules are no place for two threads at once
_CAPTURE = threading.Lock()

Facts = defaultdict[tuple[str, ...], float]


@dataclass
class Result:
    """What a task found.

    Attributes:
        maps: a row for each map, format, order and codec, see `MAP_COLUMNS`: `bits` are those of
            the streams alone, `stored_64` bytes in memory with bursts of 64 bytes and `raw_64`
            packets that are raw there, see `storage`; `shape` is that of the map, "CxHxW".
        facts: sums over the task's images, see `FACT_COLUMNS`: histograms of words (`value`) and
            of differences of successive non-zero words (`delta`) over all layers (`layer` is
            empty), `symbol` counts of each layer, and bounds in `cycles` of every codec with cores
            (`bin` is the codec, a space, p and the words of a beat of the code port); `image` is
            the task's first.
        maxima: largest magnitude of each layer.
        kinds: kind of each layer, in the network's order.
        skipped: images that could not be used, with the reason; see `Plan.skip_bad`.
    """

    maps: list[tuple[Any, ...]] = field(default_factory=list)
    facts: list[tuple[Any, ...]] = field(default_factory=list)
    maxima: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)


def run(task: Task) -> Result:
    """Do a task.

    Raises:
        InputError: an image or a map cannot be used; the message names it. Where the plan skips
            bad images, it is among the result's `skipped` instead, and adds nothing to the rest.
    """
    source = task.source.open()
    result, facts = Result(), Facts(float)
    for index in range(*task.images):
        try:
            found, more = _image(task, source, index)
        except MissingPackage:
            raise
        except InputError as error:
            if not task.plan.skip_bad:
                raise InputError(f"{source.name}, image {index}: {error}") from error
            result.skipped[index] = str(error)
            continue
        result.maps += found.maps
        result.kinds |= found.kinds
        for layer, largest in found.maxima.items():
            result.maxima[layer] = max(result.maxima.get(layer, 0.0), largest)
        for key, amount in more.items():
            facts[key] += amount
    first = task.images[0]
    result.facts = [(source.name, first, *key, amount) for key, amount in sorted(facts.items())]
    return result


def _image(task: Task, source: Any, index: int) -> tuple[Result, Facts]:
    """What one image adds."""
    result, facts = Result(), Facts(float)
    for captured in _capture(source, index):
        if not task.plan.selects(captured.layer, captured.kind):
            continue
        if task.layers is not None and captured.layer not in task.layers:
            continue
        largest = captured.maximum()  # refuses NaN in every format
        result.kinds[captured.layer] = captured.kind
        result.maxima[captured.layer] = max(result.maxima.get(captured.layer, 0.0), largest)
        if task.step == "measure":
            result.maps += _measure(task, source.name, index, captured, facts)
    return result, facts


def _capture(source: Any, index: int) -> list[CapturedMap]:
    with _CAPTURE:
        return list(source.maps(index))


def _measure(
    task: Task, network: str, image: int, captured: CapturedMap, facts: Facts
) -> Iterator[tuple[Any, ...]]:
    plan = task.plan
    for form in plan.parsed_formats():
        if isinstance(form, Deployed) and captured.zero_point is None and len(plan.formats) > 1:
            continue  # a float network beside a quantised one has no such format
        words = captured.words(form, task.maxima.get(captured.layer))
        shape = "x".join(map(str, words.shape))
        for order_name in plan.orders:
            packets = list(Order(order_name).packets(words))
            for (fact, place), amount in _facts(plan, form, packets).items():
                # a histogram for every layer would outgrow all the other tables
                layer = "" if fact in ("value", "delta") else captured.layer
                facts[layer, form.name, order_name, fact, place] += amount
            zeros = words.size - int(np.count_nonzero(words))
            for codec in plan.codecs:
                coder = get_codec(codec_config(codec), word_bits=form.word_bits)
                found = coder.sizes(packets)
                for port, bound in found.cycles.items():
                    key = (captured.layer, form.name, order_name, "cycles", f"{codec} p{port}")
                    facts[key] += bound
                yield (
                    *(network, image, captured.layer, captured.kind, shape),
                    *(form.name, order_name, codec),
                    *(words.size, zeros, form.word_bits, len(packets)),
                    *(int(found.bits.sum()), *_stored(coder, found, packets)),
                )


def _stored(coder: Coder, found: Sizes, packets: list[np.ndarray]) -> list[int]:
    """Bytes of packets in memory for each burst, then how many of them stay raw."""
    raw_bits = coder.word_bits * np.array([len(packet) for packet in packets])
    stored = [Burst(size).stored(found.bits, raw_bits) for size in BURSTS]
    return [*(int(s.bytes.sum()) for s in stored), *(int(s.raw.sum()) for s in stored)]


def _facts(plan: Plan, form: Format, packets: list[np.ndarray]) -> Facts:
    facts = Facts(float)
    words = np.concatenate(packets)
    bounds = np.cumsum([0, *map(len, packets)])
    for fact, values in (("value", words), ("delta", _deltas(words, bounds))):
        # 256 bins over all words, 512 over all deltas
        bins = (values >> max(form.word_bits - 8, 0)) + np.int32(256)
        counts = np.bincount(bins, minlength=512)
        for place in np.flatnonzero(counts).tolist():
            facts[fact, str(place - 256)] += int(counts[place])
    found = fast.packet_facts(_ebpc_params(plan, form.word_bits), words, bounds)
    for symbol, count in found.symbols.items():
        facts["symbol", str(symbol)] += count
    return facts


def _deltas(words: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Differences of successive non-zero words of every packet."""
    places = np.flatnonzero(words)
    deltas = np.diff(words[places].astype(np.int64 if words.itemsize > 2 else np.int32))
    packet = np.searchsorted(bounds, places, side="right")
    return deltas[packet[1:] == packet[:-1]]


def _ebpc_params(plan: Plan, word_bits: int) -> Params:
    """The configuration of the first EBPC codec of the plan, or the usual one."""
    for codec in plan.codecs:
        config = codec_config(codec)
        if config["id"] == "ebpc":
            return Params.from_config({**config, "word_bits": word_bits})
    return Params(word_bits=word_bits)


def needs_maxima(plan: Plan) -> bool:
    """Whether a first pass over all images must find each layer's maximum."""
    return any(isinstance(form, Fixed) for form in plan.parsed_formats())
