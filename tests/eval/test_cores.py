"""What cores cost, and what a codec may spend."""

import json
import math

import pytest

from fmcodec_eval import cores
from fmcodec_eval.capture import InputError
from fmcodec_eval.energy import MEMORIES, Memory, break_even, energy, memory_of
from fmcodec_eval.report.answer import core_of

LPDDR4 = MEMORIES[-1]


def test_figures_of_the_package_find_the_cores_of_a_codec():
    found = cores.load()
    assert core_of("rice", 8, found).name == "rice 8p2"
    assert core_of("rice:delta=1", 8, found).name == "rice 8p2"
    assert core_of("ebpc", 8, found).name == "ebpc 8/8/16"
    assert core_of("ebpc:block_words=16", 8, found).name == "ebpc 8/16/16"
    assert core_of("ebpc", 16, found).name == "ebpc 16/16/16"
    assert core_of("ebpc:block_words=8", 16, found).name == "ebpc 16/8/16"
    assert core_of("ebpc:block_words=16", 16, found).name == "ebpc 16/16/16"
    assert core_of("ebpc:max_zero_run=64", 8, found) is None
    assert core_of("zvc", 8, found) is None
    assert core_of("rice", 11, found) is None


def test_energy_lies_on_a_line_between_the_measured_packets():
    core = cores.Core(energy=((0.0, 8.0), (0.5, 6.0), (0.9, 2.0)))
    assert [core.word_pj(zeros) for zeros in (0, 0.25, 0.5, 0.7, 0.9, 1)] == pytest.approx(
        [8, 7, 6, 4, 2, 2]
    )
    assert cores.Core().word_pj(0.5) is None
    config = cores.Config("x", "rice", {}, core, cores.Core(energy=((0.0, 3.0),)))
    assert config.word_pj(0.5, reads=2) == pytest.approx(6 + 2 * 3)


def test_a_user_gives_figures_of_his_own(tmp_path):
    figures = {"about": "7 nm", "configs": {"rice mine": {
        "codec": "rice", "params": {"word_bits": 8, "port_words": 2},
        "cores": {"encoder": {"area_ge": 900, "energy": 0.4}, "decoder": {"energy": 0.5}},
    }}}  # fmt: skip
    file = tmp_path / "cores.json"
    file.write_text(json.dumps(figures))
    config = core_of("rice", 8, cores.load(str(file)))
    assert (config.word_pj(0.3), config.area_ge, config.encoder.area_ge) == (0.9, None, 900)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be a file of figures of cores"),
        ("[]", "must be a file of figures of cores"),
        ('{"about": ""}', "must have 'configs', but it has not"),
        ('{"about": "", "configs": {"x": {"codec": "rice", "params": {}}}}', "must have 'cores'"),
        (
            '{"about": "", "configs": {"x": {"codec": "r", "params": {}, "cores": {"both": {}}}}}',
            "core must be encoder or decoder, not 'both'",
        ),
        (
            '{"about": "", "configs": {"x": {"codec": "r", "params": {}, '
            '"cores": {"encoder": {"gates": 1}}}}}',
            "gates",
        ),
    ],
)
def test_wrong_figures_are_refused(tmp_path, text, message):
    file = tmp_path / "cores.json"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        cores.load(str(file))
    with pytest.raises(InputError, match="cannot be read"):
        cores.load(str(tmp_path / "absent.json"))


def test_coding_pays_above_its_break_even():
    """The DRAM then spends less by what the codec spends: 15 of 128 pJ a word are 1.13."""
    ratio = break_even(LPDDR4, 8, 15.0)
    assert ratio == pytest.approx(1.1328, abs=1e-4)
    words = 1000
    saved = energy(8 * words, LPDDR4) - energy(8 * words / ratio, LPDDR4)
    assert saved == pytest.approx(words * 15e-9)
    assert break_even(LPDDR4, 8, 128.0) == math.inf
    assert break_even(LPDDR4, 8, 0.0) == 1
    assert break_even(LPDDR4, 8, 15.0 + 8, reads=2) > 1


def test_memories_by_name_or_figures():
    assert memory_of("lpddr4") is LPDDR4
    assert memory_of("HBM:3.5:4") == Memory("HBM", 3.5, 4.0, "as given")
    for wrong in ("HBM", "HBM:3", "HBM:x:y", "HBM:-1:2", "HBM:1:2:3", ":1:2"):
        with pytest.raises(InputError, match="memory must be DDR3, LPDDR2, LPDDR4 or NAME"):
            memory_of(wrong)
