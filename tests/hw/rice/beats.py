"""Beats of a code port out of a stream's words, and back."""

from __future__ import annotations

from tests.hw.streams import Beat


def beats(words: list[int], word_bits: int, port_words: int) -> list[dict[str, int]]:
    """The first word in the low lanes; a lane that is no word holds ones."""
    result = []
    for start in range(0, len(words), port_words):
        chunk = words[start : start + port_words]
        lanes = chunk + [(1 << word_bits) - 1] * (port_words - len(chunk))
        beat = {"data": sum(word << i * word_bits for i, word in enumerate(lanes))}
        if port_words > 1:
            beat["keep"] = 2 ** (len(chunk) * word_bits // 8) - 1
        result.append({**beat, "last": start + port_words >= len(words)})
    return result


def packet_words(taken: list[Beat], word_bits: int, port_words: int) -> list[list[int]]:
    """The stream words of each packet; only a last beat may be partial."""
    packets: list[list[int]] = [[]]
    for beat in taken:
        lanes = port_words
        if port_words > 1:
            lanes = beat.keep.bit_count() * 8 // word_bits
            assert beat.keep == 2 ** (lanes * word_bits // 8) - 1
            assert lanes == port_words or (beat.last and lanes)
        packets[-1] += [beat.data >> i * word_bits & (1 << word_bits) - 1 for i in range(lanes)]
        if beat.last:
            packets.append([])
    assert packets.pop() == []
    return packets
