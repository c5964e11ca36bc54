"""The interface of a codec, and the registry that finds one by its id."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int
from fmcodec.errors import DamagedStream
from fmcodec.words import Words, check_words

__all__ = ["Codec", "Coder", "Sizes", "codec_ids", "get_codec"]

_REGISTRY: dict[str, type[Coder]] = {}
_NUM_WORDS = struct.Struct(">I")


class Sizes(NamedTuple):
    """What packets take, each by itself.

    Attributes:
        bits: of their streams without padding, int64, shape (packets, streams).
        cycles: cycles that this project's cores take at most for all of them, by words in a beat
            of the code port; empty where there are no cores.
    """

    bits: npt.NDArray[np.int64]
    cycles: dict[int, int]


@dataclass(frozen=True)
class Coder(ABC):
    """Something that says how many bits a packet takes: a codec, or the bound of an ideal one.

    Words are what `fmcodec.words` describes: signed or unsigned arrays of shape (N,), N >= 1.

    Attributes:
        word_bits: bits of a word, 4..32.
    """

    codec_id: ClassVar[str]
    title: ClassVar[str]

    word_bits: int = 8

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "codec_id" in vars(cls):
            _REGISTRY[cls.codec_id] = cls

    def __post_init__(self) -> None:
        self._require("word_bits", "an int in 4..32", range(4, 33))

    def _require(self, name: str, rule: str, allowed: Any) -> None:
        value = getattr(self, name)
        require_int(name, value, rule)
        if value not in allowed:
            raise ValueError(f"{name} must be {rule}, not {value!r}")

    def encoded_bits(self, words: Words) -> int:
        """Bits that a packet takes, without a container's header and without padding.

        Raises TypeError or ValueError for what is no packet of words.
        """
        return self._encoded_bits(check_words(self.word_bits, words))

    @abstractmethod
    def _encoded_bits(self, words: Words) -> int: ...

    def stream_bits(self, words: Words) -> tuple[int, ...]:
        """Bits of each stream of a packet that is stored by itself; their sum is `encoded_bits`."""
        return self._stream_bits(check_words(self.word_bits, words))

    def _stream_bits(self, words: Words) -> tuple[int, ...]:
        return (self._encoded_bits(words),)

    def sizes(self, packets: Sequence[Words]) -> Sizes:
        """What packets take. Thousands of small ones take little longer than one as large.

        Args:
            packets: packets of words of one dtype.

        Raises TypeError or ValueError for what are no packets of words.
        """
        if not len(packets):
            raise ValueError("packets must hold at least one packet, not 0")
        words = check_words(self.word_bits, np.concatenate(packets))
        bounds = np.cumsum([0, *map(len, packets)])
        if not np.diff(bounds).all():
            raise ValueError("words must hold at least one word, not 0")
        return self._sizes(words, bounds)

    def _sizes(self, words: Words, bounds: npt.NDArray[np.int64]) -> Sizes:
        """`sizes` of the packets `words[bounds[i]:bounds[i + 1]]`."""
        pairs = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        return Sizes(np.array([self._stream_bits(words[a:b]) for a, b in pairs], np.int64), {})

    def get_config(self) -> dict[str, Any]:
        """The parameters as a JSON-able dict with the codec's `id`."""
        return {"id": self.codec_id, **asdict(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The codec of a `get_config` dict; a parameter that is not named keeps its default."""
        parameters = {name: value for name, value in config.items() if name != "id"}
        unknown = sorted(set(parameters) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"{cls.codec_id} has no parameter {unknown[0]!r}")
        return cls(**parameters)


class Codec(Coder):
    """A lossless codec of packets. The bytes it makes are doc/format.md's, "Containers"."""

    def encode(self, words: Words) -> bytes:
        """The packet `words` as a container of bytes: its number of words, then its streams.

        Raises TypeError or ValueError for what is no packet of words.
        """
        words = check_words(self.word_bits, words)
        if len(words) >= 1 << 32:
            raise ValueError(f"words must hold less than 2**32 words, not {len(words)}")
        return _NUM_WORDS.pack(len(words)) + self._encode(words)

    def decode(
        self, container: bytes | bytearray | memoryview, max_words: int | None = None
    ) -> Words:
        """The words of a container, shape (N,), int8, int16 or int32.

        What a container claims is believed as far as its bytes can bear it out, so that a few of
        them fill no memory. A CSC container is the exception: zeros at the end take no bytes there.

        Args:
            container: what `encode` made.
            max_words: how many words it may hold at most; None for 2**32 - 1, what its header can
                say.

        Raises:
            DamagedStream: the container is no packet of this codec, or holds too many words.
        """
        payload = memoryview(container).cast("B")
        if len(payload) < _NUM_WORDS.size:
            raise DamagedStream("container", 8 * len(payload), "ends early")
        (num_words,) = _NUM_WORDS.unpack_from(payload)
        payload = payload[_NUM_WORDS.size :]
        if num_words == 0:
            raise DamagedStream("container", 0, "holds no words")
        if max_words is not None and num_words > max_words:
            raise DamagedStream("container", 0, f"claims {num_words} words of {max_words} at most")
        room = self._max_words(len(payload))
        if room is not None and num_words > room:
            raise DamagedStream(
                "container", 0, f"claims {num_words} words in {len(payload)} bytes behind its count"
            )
        return self._decode(payload, num_words)

    @abstractmethod
    def _max_words(self, num_bytes: int) -> int | None:
        """No payload of so many bytes holds more words than this; None if there is no bound."""

    @abstractmethod
    def _encode(self, words: Words) -> bytes: ...

    @abstractmethod
    def _decode(self, payload: memoryview, num_words: int) -> Words: ...


def codec_ids(*, bounds: bool = True) -> list[str]:
    """Ids of all registered codecs in the order of the reports, with or without mere bounds."""
    return [name for name, cls in _REGISTRY.items() if bounds or issubclass(cls, Codec)]


def get_codec(config: str | Mapping[str, Any], **parameters: Any) -> Coder:
    """A codec by its id, or by a dict with `id` and parameters; `parameters` override those.

    Raises:
        ValueError: no codec has this id, or a parameter is not one of its own or out of range.
        TypeError: a parameter is of the wrong type.
    """
    settings = {"id": config} if isinstance(config, str) else dict(config)
    settings |= parameters
    if settings.get("id") not in _REGISTRY:
        raise ValueError(f"codec must be one of {', '.join(_REGISTRY)}, not {settings.get('id')!r}")
    return _REGISTRY[settings["id"]].from_config(settings)
