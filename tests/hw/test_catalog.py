"""The one list of cores: names, rooms, and that the command line offers all of them."""

import pytest
from click.testing import CliRunner

from fmcodec_hw import catalog
from fmcodec_hw.codec import CORES
from fmcodec_hw.commands import cli
from fmcodec_hw.shell import ports

pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")


def test_names_are_unique_and_found():
    ids = [config.id for config in catalog.configs()]
    assert len(set(ids)) == len(ids)
    for config in catalog.configs():
        assert catalog.find(config.id) == config


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"^config must be one of ebpc 8/8/16, .*, not '9/9/9'$"):
        catalog.find("9/9/9")


@pytest.mark.parametrize("config", list(catalog.configs()), ids=lambda config: config.id)
def test_every_configuration_can_be_built(config):
    tops = catalog.tops(config, name="mine")
    assert set(config.cores) <= set(tops) == set(CORES)
    folded = "_folded" * config.parameters.get("folded", False)  # another module than the encoder
    names = {"encoder": f"mine_encoder{folded}", "decoder": "mine_decoder"}
    assert {core: top.name for core, top in tops.items()} == names
    assert all(top.reset == config.reset for top in tops.values())
    # what the manifest tells makes the same configuration again
    codec = catalog.CODECS[config.codec]
    assert codec.configure(**config.parameters).parameters == config.parameters


def test_every_codec_has_a_command():
    listed = CliRunner().invoke(cli, ["verilog", "--help"]).output
    for codec in catalog.CODECS:
        assert f"\n  {codec} " in listed


def test_a_part_is_a_module_with_its_members_for_ports():
    assert ("fmtc", "mac4") in catalog.parts()
    top = catalog.part("fmtc", "mac4")
    assert top.name == "fmtc_mac4"
    assert {port.name: port.width for port in ports(top)}["weights"] == 32
    with pytest.raises(ValueError, match=r"^part must be one of fmtc mac1, .*, not 'fmtc x'$"):
        catalog.part("fmtc", "x")
