"""Names of the configurations."""

import pytest

from fmcodec.ebpc import Params
from synth import configs


def test_configurations_have_their_names():
    assert configs.config_name("m8n8z16") == "8/8/16"
    assert configs.config_name("m16n8z16") == "16/8/16"
    assert configs.config_name("8/8/16p2") == "8/8/16p2"
    assert configs.CONFIGS["8/8/16p2"] == Params(8, 8, 16, 2)
    for name, params in configs.CONFIGS.items():
        m, n, z = (int(part) for part in name.split("p")[0].split("/"))
        assert (m, n, z) == (params.word_bits, params.block_words, params.max_zero_run)
    with pytest.raises(ValueError, match=r"^config must be one of 8/8/16, .*, not '8/8/9'$"):
        configs.config_name("8/8/9")
