"""The folder of a report: parts of finished tasks, and the tables that they make in the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fmcodec.errors import InputError, require
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.measure import FACT_COLUMNS, MAP_COLUMNS, Result
from fmcodec_eval.report.plan import Task

__all__ = ["Store"]

_TEXTS = {"network", "layer", "kind", "shape", "format", "order", "codec", "fact", "bin"}
_SHORT = {"image", "word_bits", "packets"}


class Store:
    """A report's folder. A part is complete or not there: it is written aside, then renamed.

    Args:
        folder: where the report goes.
        resume: take the parts that are there; without it the folder must be new or empty.
    """

    def __init__(self, folder: str | Path, resume: bool = False) -> None:
        self._arrow = require("pyarrow", "report", "a report")
        self._parquet = require("pyarrow.parquet", "report", "a report")
        self.folder = Path(folder)
        self._parts = self.folder / "parts"
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"output {str(folder)!r} must be a folder, but it is a file")
        if not resume and self.folder.exists() and any(self.folder.iterdir()):
            raise InputError(f"output {str(folder)!r} must be new or empty; --resume goes on there")

    def count(self) -> int:
        """Number of finished tasks that the folder keeps."""
        return len(list(self._parts.glob("*.maps.parquet")))

    def load(self, task: Task) -> Result | None:
        """The largest magnitudes and kinds that a finished task found, or None."""
        file = self._parts / f"{task.key()}.maps.parquet"
        if not file.exists():
            return None
        found = json.loads(self._parquet.read_schema(file).metadata[b"fmcodec"])
        skipped = {int(index): reason for index, reason in found["skipped"].items()}
        return Result(maxima=found["maxima"], kinds=found["kinds"], skipped=skipped)

    def skipped(self, tasks: Iterable[Task]) -> list[tuple[str, int, str]]:
        """(network, image, reason) of the images that finished tasks left out."""
        return [
            (task.source.open().name, index, reason)
            for task in tasks
            for index, reason in (self.load(task) or Result()).skipped.items()
        ]

    def save(self, task: Task, result: Result) -> None:
        """Keep a task's result."""
        key = task.key()
        about = {"maxima": result.maxima, "kinds": result.kinds, "skipped": result.skipped}
        found = json.dumps(about)
        maps = self._table(MAP_COLUMNS, result.maps).replace_schema_metadata({"fmcodec": found})
        # the table of maps comes last: where it is, the part is complete
        self._write(self._table(FACT_COLUMNS, result.facts), f"{key}.facts.parquet")
        self._write(maps, f"{key}.maps.parquet")

    def tables(self, tasks: Iterable[Task]) -> None:
        """Join the parts into `maps.parquet`, `maps.csv` and `facts.parquet`, part by part."""
        csv = require("pyarrow.csv", "report", "a report")
        keys = [task.key() for task in tasks]
        for name, columns in (("maps", MAP_COLUMNS), ("facts", FACT_COLUMNS)):
            schema = self._schema(columns)
            with (
                written_aside(self.folder / f"{name}.parquet") as aside,
                self._parquet.ParquetWriter(aside, schema) as writer,
            ):
                for table in self._read(keys, name):
                    writer.write_table(table)
        with (
            written_aside(self.folder / "maps.csv") as aside,
            csv.CSVWriter(aside, self._schema(MAP_COLUMNS)) as writer,
        ):
            for table in self._read(keys, "maps"):
                writer.write_table(table)

    def _read(self, keys: list[str], name: str) -> Iterator[Any]:
        for key in keys:
            table = self._parquet.read_table(self._parts / f"{key}.{name}.parquet")
            yield table.replace_schema_metadata(None)

    def _schema(self, columns: tuple[str, ...]) -> Any:
        arrow = self._arrow
        types = dict.fromkeys(_TEXTS, arrow.string()) | dict.fromkeys(_SHORT, arrow.int32())
        types["amount"] = arrow.float64()
        return arrow.schema([(name, types.get(name, arrow.int64())) for name in columns])

    def _table(self, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Any:
        values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
        return self._arrow.table(
            dict(zip(columns, map(list, values), strict=True)), schema=self._schema(columns)
        )

    def _write(self, table: Any, name: str) -> None:
        with written_aside(self._parts / name) as aside:
            self._parquet.write_table(table, aside)
