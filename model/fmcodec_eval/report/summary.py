"""Figures of a report, computed from its tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmcodec.codecs import get_codec
from fmcodec.ebpc.reference import Symbol
from fmcodec.errors import require
from fmcodec_eval.files import file_name
from fmcodec_eval.report import about
from fmcodec_eval.report.plan import codec_config
from fmcodec_eval.report.storage import DEFAULT_BURST, Burst

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Case", "Summary", "title_of"]


@dataclass(frozen=True)
class Case:
    """One network in one number format and one order."""

    network: str
    format: str
    order: str

    @property
    def slug(self) -> str:
        """The case as a part of a file name."""
        return file_name(f"{self.network}-{self.format}-{self.order}")

    def __str__(self) -> str:
        return f"{self.network}, {self.format}, {self.order}"


def title_of(codec: str) -> str:
    """A codec's name in tables and figures, with the parameters that were set."""
    config = codec_config(codec)
    title = get_codec(config).title
    _, _, settings = codec.partition(":")
    return f"{title} ({settings.replace(',', ', ')})" if settings else title


def _read(file: Path) -> pd.DataFrame:
    """A table with its strings as categories, in the order of the measurement."""
    parquet = require("pyarrow.parquet", "report", "a report")
    names = [field.name for field in parquet.read_schema(file) if str(field.type) == "string"]
    # read as dictionaries: a string object for every cell would take ten times the memory
    table = parquet.read_table(file, read_dictionary=names).to_pandas()
    for name in names:
        column = table[name].cat.remove_unused_categories()
        table[name] = column.cat.reorder_categories(list(column.unique()))
    return table


class Summary:
    """Sums of the tables `maps.parquet` and `facts.parquet` of a report's folder.

    A ratio is always the bits of all words over the bits of all packets: maps weigh as much as
    they are large. `networks` is what is known of each network besides.
    """

    def __init__(self, folder: str | Path) -> None:
        self.maps: pd.DataFrame = _read(Path(folder) / "maps.parquet")
        self.facts: pd.DataFrame = _read(Path(folder) / "facts.parquet")
        self.maps["raw_bits"] = self.maps.words * self.maps.word_bits
        self.networks = about.read(Path(folder))
        self.codecs: list[str] = list(self.maps.codec.cat.categories)
        self.cases = [
            Case(*key)
            for key in self.maps[["network", "format", "order"]]
            .drop_duplicates()
            .itertuples(index=False, name=None)
        ]

    def of(self, case: Case, kind: str | None = None) -> pd.DataFrame:
        """The rows of the maps of a case, of one kind only if it is given."""
        rows = self.maps
        wanted = (rows.network == case.network) & (rows.format == case.format)
        wanted &= rows.order == case.order
        if kind is not None:
            wanted &= rows.kind == kind
        return rows[wanted]

    def kinds(self, case: Case) -> list[str]:
        """The kinds of maps of a case."""
        return list(self.of(case).kind.unique())

    def ratios(self, rows: pd.DataFrame, by: str | list[str] | None = None) -> pd.DataFrame:
        """Compression ratios, a column for each codec, a row for each value of `by`."""
        keys = [by] if isinstance(by, str) else by or []
        sums = rows.groupby([*keys, "codec"], observed=True, sort=False)[["raw_bits", "bits"]].sum()
        ratios = (sums.raw_bits / sums.bits).rename("ratio").reset_index()
        if not keys:
            ratios["rows"] = "all"
        table = ratios.pivot_table(
            index=keys or "rows", columns="codec", values="ratio", observed=True, sort=False
        )
        return table[[c for c in self.codecs if c in table.columns]]

    def sparsity(self, rows: pd.DataFrame, by: str) -> pd.Series:
        """Share of zero words for each value of `by`."""
        once = rows[rows.codec == rows.codec.iloc[0]]
        sums = once.groupby(by, observed=True, sort=False)[["zeros", "words"]].sum()
        return sums.zeros / sums.words

    def words(self, rows: pd.DataFrame, by: str) -> pd.Series:
        """Number of words for each value of `by`."""
        once = rows[rows.codec == rows.codec.iloc[0]]
        return once.groupby(by, observed=True, sort=False).words.sum()

    def fact(self, case: Case, name: str) -> pd.DataFrame:
        """The rows (layer, bin, amount) of a fact of a case, summed over the images."""
        rows = self.facts
        wanted = (rows.network == case.network) & (rows.format == case.format)
        wanted &= (rows.order == case.order) & (rows.fact == name)
        # fixed order of the sum: floating-point results do not depend on who measured what
        found = rows[wanted].sort_values(["image"], kind="stable")
        sums = found.groupby(["layer", "bin"], observed=True, sort=False).amount.sum()
        return sums.reset_index()

    def histogram(self, case: Case, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Bins and counts of the fact `value` or `delta`, in steps of 2^(word_bits - 8)."""
        rows = self.fact(case, name)
        sums = rows.groupby(rows.bin.astype(str).astype(int)).amount.sum().sort_index()
        return sums.index.to_numpy(), sums.to_numpy()

    def symbols(self, case: Case) -> pd.DataFrame:
        """Share of each BPC symbol, a row for each layer; base words are no symbols."""
        rows = self.fact(case, "symbol")
        table = rows.pivot(index="layer", columns="bin", values="amount").fillna(0.0)
        table = table[[str(s) for s in Symbol if s != Symbol.BASE and str(s) in table.columns]]
        totals = table.sum(axis=1)
        order = [layer for layer in self.layers(case) if totals.get(layer, 0) > 0]
        return table.loc[order].div(totals[order], axis=0)

    def words_per_cycle(self, case: Case, by_layer: bool = False) -> pd.DataFrame | pd.Series:
        """Words per cycle of the cores: a column "<codec> p<words of a beat>" for each of them.

        From the bound of the cycles, so at least what the cores reach; start-up and flush of every
        packet are in.
        """
        cycles = self.fact(case, "cycles").pivot(index="layer", columns="bin", values="amount")
        cycles.columns = cycles.columns.astype(str)
        words = self.words(self.of(case), "layer")
        if by_layer:
            return cycles.rdiv(words, axis=0).loc[self.layers(case)]
        return words.sum() / cycles.sum()

    def layer_sizes(self, case: Case, burst: int = DEFAULT_BURST) -> pd.DataFrame:
        """What every layer takes with every codec: the figures that all others are sums of.

        Args:
            case: network, format and order.
            burst: bytes of a burst of the memory, one of `storage.BURSTS`.

        Returns:
            A row for each layer and codec, layers in the network's order. `layer`, `codec`, `kind`,
            `shape` ("CxHxW" of the first image), `word_bits`; and for an image, the mean of all:
            `packets`, `words`, `zeros` (words that are zero), `raw_bytes` (uncompressed, whole
            bursts), `ideal_bytes` (bits of the streams over 8), `stored_bytes` (in memory, see
            `storage`), `raw_packets` (those that are stored as they are).
        """
        rows = self.of(case)
        whole = Burst(burst).size
        sums = rows.assign(
            raw_bytes=-(-rows.raw_bits // (8 * whole)) * whole,
            ideal_bytes=rows.bits / 8,
            stored_bytes=rows[f"stored_{burst}"],
            raw_packets=rows[f"raw_{burst}"],
        ).groupby(["layer", "codec"], observed=True, sort=False)
        same = sums[["kind", "shape", "word_bits"]].first()
        amounts = ["packets", "words", "zeros", "raw_bytes", "ideal_bytes"]
        amounts += ["stored_bytes", "raw_packets"]
        found = same.join(sums[amounts].sum() / self.images(case))
        return found.reset_index().astype({name: str for name in ("layer", "codec", "kind")})

    def layers(self, case: Case) -> list[str]:
        """Layers of a case in the network's order."""
        return list(self.of(case).layer.unique())

    def images(self, case: Case) -> int:
        """Number of images of a case."""
        return int(self.of(case).image.nunique())

    def overview(self) -> pd.DataFrame:
        """A row for each case and kind of maps: images, words, sparsity, ratios, words/cycle."""
        pandas = require("pandas", "report", "a report")
        lines = []
        for case in self.cases:
            kinds: list[str | None] = [None]
            if len(self.kinds(case)) > 1:
                kinds += [kind for kind in self.kinds(case) if kind != "linear"]
            rates = self.words_per_cycle(case)
            for kind in kinds:
                rows = self.of(case, kind)
                line = {
                    "network": case.network,
                    "format": case.format,
                    "order": case.order,
                    "maps": kind or "all",
                    "images": rows.image.nunique(),
                    "words": int(self.words(rows, "network").sum()),
                    "zeros": float(self.sparsity(rows, "network").iloc[0]),
                }
                line |= self.ratios(rows).iloc[0].to_dict()
                if kind is None:
                    line |= {f"words/cycle, {core}": rate for core, rate in rates.items()}
                lines.append(line)
        return pandas.DataFrame(lines)
