"""What a report measures, and the tasks that the work is cut into."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fmcodec
from fmcodec.codecs import codec_ids, get_codec
from fmcodec.errors import InputError
from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.capture.errors import check_regex
from fmcodec_eval.capture.images import files_in
from fmcodec_eval.formats import Format, Order, parse_format
from fmcodec_eval.report.progress import Progress

__all__ = [
    "CODECS",
    "Plan",
    "Progress",
    "Task",
    "codec_config",
    "codec_id",
    "digest_of",
    "part_key",
    "tasks",
]

_IDS = codec_ids()
_AT = _IDS.index("ebpc")
# both sizes of blocks, whatever the width of the words
CODECS = (*_IDS[:_AT], *(f"ebpc:block_words={n}" for n in (8, 16)), *_IDS[_AT + 1 :])
PART_LAYOUT = 3  # what a part holds; another number, another part


@dataclass(frozen=True)
class Plan:
    """Networks x images x formats x orders x codecs.

    Attributes:
        sources: the networks with their images, or saved feature maps.
        codecs: a codec's id, or its id and parameters: `ebpc:block_words=16,max_zero_run=8`. The
            width of a word follows the format.
        formats: see `formats.parse_format`.
        orders: see `formats.Order`.
        layers: regular expression; only layers whose names it finds are measured.
        kinds: only maps of these kinds are measured; empty for all.
        safety: share of full scale that a layer's maximum takes in the fixed formats.
        max_images: images of each source at most; None for all.
        batch_images: images in a task; None for what makes about a hundred tasks.
        batch_layers: layers in a task; None for all. Each task runs the network for itself.
        skip_bad: images that cannot be used are left out and listed, instead of ending the run.
    """

    sources: tuple[SourceSpec, ...]
    codecs: tuple[str, ...] = CODECS
    formats: tuple[str, ...] = ("fixed8",)
    orders: tuple[str, ...] = ("nchw",)
    layers: str | None = None
    kinds: tuple[str, ...] = ()
    safety: float = 0.75
    max_images: int | None = None
    batch_images: int | None = None
    batch_layers: int | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        for name in ("sources", "codecs", "formats", "orders"):
            if not getattr(self, name):
                raise InputError(f"{name} must name at least one, not none")
        for form in self.formats:
            parse_format(form, self.safety)
        for order in self.orders:
            Order(order)
        for codec in self.codecs:
            try:
                get_codec(codec_config(codec))
            except TypeError as error:  # on a command line every value is text
                raise InputError(str(error)) from error
        for name in ("max_images", "batch_images", "batch_layers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} must be at least 1, not {value}")
        check_regex("layers", self.layers)

    def parsed_formats(self) -> list[Format]:
        """The number formats, parsed."""
        return [parse_format(name, self.safety) for name in self.formats]

    def selects(self, layer: str, kind: str) -> bool:
        """Whether a map belongs to the report."""
        if self.kinds and kind not in self.kinds:
            return False
        return self.layers is None or re.search(self.layers, layer) is not None

    def image_count(self, source: SourceSpec) -> int:
        """How many images of a source are measured."""
        count = len(source.open())
        return count if self.max_images is None else min(count, self.max_images)


@dataclass(frozen=True)
class Task:
    """One batch of images of one source, and a batch of its layers.

    Attributes:
        plan: the plan, with this task's source alone.
        step: `maxima` (the largest magnitude of every layer, for the fixed formats) or `measure`.
        images: the indices of the images, from .. to.
        layers: the layers of the batch; None for all.
        maxima: largest magnitude of each layer over all images.
        files: digest of the source's files, so that a change of them is another task.
    """

    plan: Plan
    step: str
    images: tuple[int, int]
    layers: tuple[str, ...] | None = None
    maxima: Mapping[str, float] = field(default_factory=dict, hash=False)
    files: str = ""

    @property
    def source(self) -> SourceSpec:
        return self.plan.sources[0]

    def key(self) -> str:
        """A name that changes whenever the task's result may: parts are kept under it."""
        return part_key(self.step, asdict(self))


def part_key(step: str, content: Mapping[str, Any]) -> str:
    """A name for what a step found, of all that it depends on; `content` is JSON-able."""
    about = {**content, "version": fmcodec.__version__, "layout": PART_LAYOUT}
    text = json.dumps(about, sort_keys=True)
    return f"{step}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def tasks(
    plan: Plan,
    source: SourceSpec,
    step: str,
    maxima: Mapping[str, float] | None = None,
    layers: tuple[str, ...] = (),
) -> Iterator[Task]:
    """The tasks of one source, the same whatever runs them.

    Args:
        plan: the whole plan.
        source: one of its sources.
        step: see `Task`.
        maxima: see `Task`.
        layers: names of all layers, needed to cut them into batches.
    """
    alone = replace(plan, sources=(source,))
    files = digest_of(source)
    count = plan.image_count(source)
    batch = plan.batch_images or -(-count // 100)
    groups: list[tuple[str, ...] | None] = [None]
    if step == "measure" and plan.batch_layers:
        size = plan.batch_layers
        groups = [layers[start : start + size] for start in range(0, len(layers), size)]
    for start in range(0, count, batch):
        for group in groups:
            images = (start, min(start + batch, count))
            yield Task(alone, step, images, group, maxima or {}, files)


def codec_id(text: str) -> str:
    """The id in `id:name=value,...`."""
    return text.partition(":")[0]


def codec_config(text: str) -> dict[str, Any]:
    """`id:name=value,...` as a codec's configuration."""
    name, _, settings = text.partition(":")
    config: dict[str, Any] = {"id": name}
    for setting in filter(None, settings.split(",")):
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"codec must be ID or ID:NAME=VALUE,..., not {text!r}")
        config[key] = int(value) if value.lstrip("-").isdigit() else value
    return config


def digest_of(source: SourceSpec) -> str:
    """Digest of a source's files: another one whenever what was measured of them may be."""
    return _stamp(_code_of(source.network)) + _stamp(source.images)


def _code_of(network: str) -> str:
    """The file of the module in `package.module:callable`; anything else as it is."""
    place, colon, _ = network.partition(":")
    if not colon or Path(network).exists():
        return network
    try:
        found = find_spec(place)
    except (ImportError, ValueError):  # opening the network says what is wrong with it
        return network
    return found.origin if found is not None and found.origin else network


def _stamp(path: str | None) -> str:
    """Digest of names, sizes and times of a file, or of all files in a folder.

    A part of an older version of a file is not taken.
    """
    if path is None or not Path(path).exists():
        return "-"
    place = Path(path)
    digest = hashlib.sha256()
    for file in files_in(place) if place.is_dir() else [place]:
        status = file.stat()
        digest.update(
            f"{file.relative_to(place.parent)}/{status.st_size}/{status.st_mtime_ns};".encode()
        )
    return digest.hexdigest()[:16]
