"""The exported FMTC cores: ports, memories, options, and what is refused before it is written."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fmcodec.fmtc import Params
from fmcodec_hw import catalog, cli, export
from fmcodec_hw.codec import CORES, Config
from fmcodec_hw.shell import ports
from tests.hw.test_export import declared_ports, lint

CODEC = catalog.CODECS["fmtc"]
# a core that is only asked for its ports is never elaborated
pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")
STREAMS = {
    "encoder": {"s_axis_ctx": (32, True), "s_axis_tile": (32, False), "s_axis": (8, True)},
    "decoder": {"s_axis_ctx": (32, True), "s_axis_len": (16, False), "s_axis": (32, True)},
}
DOCUMENT = (Path(__file__).parents[3] / "doc" / "using.md").read_text()


def stream(prefix: str, width: int, last: bool, flow: str) -> dict[str, tuple[str, int]]:
    back = "output" if flow == "input" else "input"
    fields = {"tdata": width, "tvalid": 1} | ({"tlast": 1} if last else {})
    named = {f"{prefix}_{field}": (flow, bits) for field, bits in fields.items()}
    return named | {f"{prefix}_tready": (back, 1)}


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("core", CORES)
def test_ports_are_the_documented_ones(core, folded):
    config = catalog.find("fmtc none16-rice")
    top = CODEC.tops(replace(config, options={**config.options, "folded": folded}))[core]
    expected = {"clk": ("input", 1), "rst": ("input", 1)}
    for prefix, (width, last) in STREAMS[core].items():
        wide = 32 if folded and (core, prefix) == ("encoder", "s_axis") else width
        expected |= stream(prefix, wide, last, "input")
    expected |= stream("m_axis", 32 if core == "encoder" else 8, True, "output")
    if core == "decoder":
        expected["m_axis_tuser"] = ("output", 1)
    found = {port.name: (port.direction, port.width) for port in ports(top)}
    status = {name: port for name, port in found.items() if name.startswith("status_")}
    assert found == expected | status
    assert set(status.values()) == {("output", 1)}
    section = DOCUMENT[DOCUMENT.index("## Ports of the FMTC cores") :].split("\n## ")[0]
    for name in status:
        assert name in section or f"`_{name.removeprefix('status_')}`" in section
    assert top.name == f"fmtc_{core}" + "_folded" * (folded and core == "encoder")


def verilog(tmp_path, *arguments: str) -> Path:
    """The folder of an export."""
    cli.main(["verilog", "fmtc", *arguments, "-o", str(tmp_path / "out")])
    return tmp_path / "out"


@pytest.mark.parametrize("config", list(CODEC), ids=lambda config: config.name)
def test_verilator_has_nothing_to_say(config, tmp_path):
    export.write(export.files(CODEC, config), tmp_path)
    for top in CODEC.tops(config).values():
        models = [path.name for path in tmp_path.glob(f"{top.name}_ram.v")]
        done = lint(tmp_path, "fmtc.vlt", f"{top.name}.v", *models, "--top", top.name)
        assert "%" not in done.stderr, done.stderr
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("config", list(CODEC), ids=lambda config: config.name)
def test_the_command_of_the_manifest_makes_the_export(config, tmp_path):
    files = export.files(CODEC, config)
    told = json.loads(files["fmtc.json"])
    again = verilog(tmp_path, *told["command"].split()[3:])
    assert (again / "fmtc.json").read_text() == files["fmtc.json"]
    for name, module in told["modules"].items():
        assert files[module["file"]] == (again / module["file"]).read_text()
        found = {p["name"]: (p["direction"], p["width"]) for p in module["ports"]}
        assert found == declared_ports(files[module["file"]], name)


def test_external_memories_are_told_and_modelled():
    config = catalog.find("fmtc none16-rice")
    config = replace(config, options={**config.options, "memory": "external"})
    files = export.files(CODEC, config)
    told = json.loads(files["fmtc.json"])
    assert told["parameters"]["memory"] == "external"
    memories = told["modules"]["fmtc_encoder"]["memories"]
    assert memories
    for memory in memories:
        name = memory["module"]
        assert re.search(rf"^  {name} \w+ \(", files["fmtc_encoder.v"], re.MULTILINE)
        assert f"module {name}(" in files["fmtc_encoder_ram.v"]
        assert name == f"fmtc_encoder_ram_{memory['words']}x{memory['bits']}"
    assert "fmtc_encoder_ram.v" in files["fmtc.f"].split()
    assert not re.search(r"reg \[\d+:0\] \w+ *\[", files["fmtc_encoder.v"])


def test_dct4_with_rice_has_no_memory():
    params = Params(16, "dct4", "rice")
    config = Config(
        "fmtc", "", params, {"folded": False, "memory": "external", "multipliers": "booth"}
    )
    told = json.loads(export.files(CODEC, config)["fmtc.json"])
    assert [module["memories"] for module in told["modules"].values()] == [[], []]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--channels", "0"], "channels must be an int in 1..256, not 0"),
        (["--channels", "257"], "channels must be an int in 1..256, not 257"),
        (["--channels", "64"], "channels must be 16 with dct4, not 64"),
        (["--transform", "pca"], "transform must be one of none, matrix, dct4, not 'pca'"),
        (["--coder", "ans"], "coder must be one of huffman, rice, not 'ans'"),
        (["--lanes", "5"], "lanes must be None or a divisor of channels = 16, not 5"),
        (["--lanes", "0"], "lanes must be None or a divisor of channels = 16, not 0"),
        (["--q-max", "255"], "q_max must be an int in 1..254, not 255"),
        (["--max-code-bits", "16"], "max_code_bits must be an int in 8..15, not 16"),
        (["--tables", "9"], "tables must be an int in 1..8, not 9"),
        (["--matrix-bits", "9"], "matrix_bits must be 8 or 10, not 9"),
        (["--memory", "none"], "Invalid value for '--memory'"),
        (["--lanes", "x"], "Invalid value for '--lanes': 'x' is not a valid integer."),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(arguments, error, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_:
        verilog(tmp_path, *arguments)
    assert exit_.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"fmcodec-hw: {error}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs iverilog")
def test_folded_and_plain_encoders_live_in_one_design(tmp_path):
    common = ["--channels", "16", "--transform", "none", "--coder", "rice"]
    verilog(tmp_path, *common)
    folded = [*common, "--folded", "--memory", "external", "--name", "conv"]
    out = verilog(tmp_path, *folded)
    files = [*(out / "fmtc.f").read_text().split(), *(out / "conv.f").read_text().split()]
    subprocess.run(["iverilog", "-g2012", "-o", "all.vvp", *files], cwd=out, check=True)
