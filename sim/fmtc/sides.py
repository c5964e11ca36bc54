"""The two cores under test, alike: tiles go in, and what comes out is the model's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sim.fmtc import tiles
from sim.fmtc.bench import Bench, Words
from sim.fmtc.contexts import Pair

__all__ = ["SIDES", "DecoderSide", "EncoderSide", "Job", "Side"]

Job = tuple[str, int, bool]  # kind of what is coded, number of vectors, raw


class Side(ABC):
    """A core of a bench.

    Attributes:
        core: its name.
        kinds: of vectors or symbols that its tiles are made of.
    """

    core: ClassVar[str]
    kinds: ClassVar[Sequence[str]]

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def words(self, pair: Pair) -> Words:
        """The core's context of a layer."""
        return getattr(pair, self.core).to_words()

    async def load(self, pair: Pair) -> None:
        """Send a layer's context, which is taken."""
        assert await self.bench.load(self.core, self.words(pair))

    def jobs(self, count: int, longest: int = 24) -> list[Job]:
        """Tiles of every kind, of few and of many vectors, some of them raw."""
        rng = self.bench.rng
        kinds = [str(kind) for kind in rng.choice(self.kinds, count)]
        sizes = rng.choice([1, 2, 3, int(rng.integers(1, longest))], count)
        raws = rng.random(count) < 0.15
        return list(zip(kinds, sizes.tolist(), raws.tolist(), strict=True))

    @abstractmethod
    async def send(self, pair: Pair, batch: Sequence[Job]) -> list[Any]:
        """Queue tiles; what `compare` wants to know of each."""

    @abstractmethod
    async def compare(self, expected: Sequence[Any], about: object) -> None:
        """The next tiles that come out are those of `expected`."""


class EncoderSide(Side):
    """Expected of a tile: its coefficients, words and clips."""

    core, kinds = "encoder", tiles.KINDS

    async def send(self, pair: Pair, batch: Sequence[Job]) -> list[Any]:
        expected = []
        for kind, count, raw in batch:
            vectors = tiles.vectors(pair, kind, count, self.bench.rng)
            words, clips = await self.bench.send_vectors(vectors, pair.tag, raw)
            expected.append((vectors.size, words, clips))
        return expected

    async def compare(self, expected: Sequence[Any], about: object) -> None:
        for place, (values, words, _) in enumerate(expected):
            found = await self.bench.receive_tile(values)
            same = len(found) == len(words) and bool((found == words).all())
            assert same, f"tile {place} of {about}: {_hex(found)} is not {_hex(words)}"


class DecoderSide(Side):
    """Expected of a tile: its vectors, and its faults, of which `tuser` tells."""

    core, kinds = "decoder", tiles.SYMBOL_KINDS

    async def send(self, pair: Pair, batch: Sequence[Job]) -> list[Any]:
        expected = []
        for kind, count, raw in batch:
            words = tiles.tile(pair, tiles.symbols(pair, kind, count, self.bench.rng), raw)
            expected.append(await self.bench.send_tile(words, count))
            assert not expected[-1][1], f"the bench's own tile is damaged: {expected[-1][1]}"
        return expected

    async def compare(self, expected: Sequence[Any], about: object) -> None:
        for place, (vectors, faults) in enumerate(expected):
            found, damaged = await self.bench.receive_vectors(vectors.size)
            where = f"tile {place} of {about}"
            assert len(found) == len(vectors), f"{where}: {len(found)} of {len(vectors)} vectors"
            assert damaged == bool(faults), f"{where}: tuser {damaged}, the model: {faults}"
            wrong = (found != vectors).any(axis=1).nonzero()[0]
            assert not len(wrong), (
                f"{where}: vector {wrong[0]}: {found[wrong[0]].tolist()} "
                f"is not {vectors[wrong[0]].tolist()}"
            )


SIDES: dict[str, type[Side]] = {side.core: side for side in (EncoderSide, DecoderSide)}


def _hex(words: Any) -> str:
    return " ".join(f"{int(word):08x}" for word in words)
