"""The few lines that parts are tested against are the golden model's code."""

import random

import numpy as np
import pytest

from fmcodec.ebpc import Params
from tests.hw.ebpc import blocks


@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 16), (8, 4), (32, 16)])
def test_blocks_are_coded_as_the_model_does(config):
    params = Params(*config)
    rng = random.Random(50)
    for _ in range(40):
        words = [word or 1 for word in blocks.block(params, rng)]
        bits = "".join(blocks.symbols(params, words))
        packet = np.array(words, dtype=f"i{params.word_bits // 8}")
        stream = "".join(f"{word:0{params.word_bits}b}" for word in params.encode(packet).bpc)
        assert stream == bits.ljust(len(stream), "0")
        assert len(stream) - len(bits) < params.word_bits
