"""What must hold of the words of a context in a build, and which numbers they hold."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Mux, Value

from fmcodec_hw.fmtc.context_fields import Build

__all__ = ["boundary", "header", "held", "pair", "wide"]

_FIRST_WORD = 0x464D5402  # magic and version
_TRANSFORMS = ("none", "matrix", "dct4", "folded")
_LEVELS = 127  # largest coefficient of the Rice coder


def held(build: Build, index: int, word: Value) -> dict[str, Value]:
    """The fields of `Build.layout` that word `index` of the header holds, pairs left out."""
    fields: dict[int, dict[str, Value]] = {
        1: {"tag": word[:15], "each": word[26]},
        2: {
            "last_component": word[16:24],
            "q_max": word[8:16],
            "zero_point": word[:8],
            "span": word[8:16] - word[:8],
        },
        3: {"end_before": word[16:25]},
        4: {"mean": word[:24]},
    }
    if build.is_decoder:
        fields[3] = {"low": word[24:], "high": word[16:24]}
        fields[3] |= {"inverse_shift": word[12:16], "inverse_scale": word[:8]}
    names = build.layout.members
    return {name: value for name, value in fields.get(index, {}).items() if name in names}


def header(build: Build, word: Value, fields) -> list[Value]:
    """Whether `word` is wrong as each of the header's five words; `fields` has those before."""
    third = _decoder_word if build.is_decoder else _encoder_word
    last = wide(word) if build.has_uniform else word.any()
    return [
        word != _FIRST_WORD,
        _kind_word(build, word),
        _size_word(build, word),
        third(build, word, fields),
        last,
    ]


def _kind_word(build: Build, word: Value) -> Value:
    """Word 1, which a build knows but for the groups, `each` and the tag."""
    top = build.is_decoder << 4 | _TRANSFORMS.index(build.transform) << 2
    top |= (not build.has_huffman) << 1 | (build.has_matrix and build.params.matrix_bits == 10)
    each = Const(0) if build.has_each else word[26]
    groups = word[23:26] > build.params.tables - 1
    return (word[27:] != top) | each | groups | word[15:23].any()


def _size_word(build: Build, word: Value) -> Value:
    """Word 2: C, K, q_max and zp."""
    zero_point, q_max, last_component = word[:8], word[8:16], word[16:24]
    channels = build.params.channels
    wrong = (word[24:] != channels - 1) | ~q_max.any() | (q_max > build.params.q_max)
    if build.cuts_components:
        wrong |= last_component > channels - 1
    else:
        wrong |= last_component != channels - 1
    span = q_max - zero_point  # negative where zp is above
    wrong |= span[-1]
    if not build.has_huffman:
        wrong |= (span > _LEVELS) | (zero_point > _LEVELS + 1)
    return wrong


def _encoder_word(build: Build, word: Value, fields) -> Value:
    """Word 3 of an encoder: E, s and M."""
    wrong = pair(word)
    if build.has_each:
        wrong = Mux(fields.each, word[:16].any(), wrong)
    if not build.has_huffman:
        return wrong | word[16:].any()
    last = fields.last_component if build.cuts_components else build.params.channels - 1
    return wrong | word[25:].any() | (word[16:25] > last + 1)


def _decoder_word(build: Build, word: Value, fields) -> Value:
    """Word 3 of a decoder: lo, hi, Sd and Md."""
    low, high = word[24:].as_signed(), word[16:24].as_signed()
    return (high < low) | word[8:12].any() | ~word[:8].any()


def pair(word: Value) -> Value:
    """The lower half of `word` is no pair s, M."""
    return word[8:12].any() | ~word[7]


def wide(word: Value) -> Value:
    """`word` is no number of 24 bits."""
    return Cat(bit != word[23] for bit in word[24:]).any()


def boundary(build: Build, word: Value, before: Value, last_component: Value) -> Value:
    """`word` is no boundary behind `before`, which is 0 for the first."""
    place = word[: build.index_bits]
    return word[build.index_bits :].any() | (place <= before) | (place > last_component)
