"""What is unknown while it is not valid reaches no valid and no ready, in the exported Verilog."""

import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from amaranth.lib.wiring import In

from fmcodec.ebpc import Params
from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from fmcodec_hw.verilog import to_verilog
from sim.words import KINDS, make

ENDS = Path(__file__).parents[1] / "idle_data.v"
SEED = 66
FIELDS = ("tuser", "tlast", "tkeep", "tdata")  # of a payload, from its top

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs iverilog")


def widths(top, prefix: str) -> dict[str, int]:
    """Widths of the payload's fields."""
    members = top.signature.members
    names = (field for field in FIELDS if f"{prefix}_{field}" in members)
    return {field: members[f"{prefix}_{field}"].shape for field in names}


def payloads(top, prefix: str, beats: list[dict[str, int]]) -> list[int]:
    """`beats` as one number each."""
    numbers = []
    for beat in beats:
        number = 0
        for field, width in widths(top, prefix).items():
            number = number << width | beat[field]
        numbers.append(number)
    return numbers


def stream_beats(params: Params, words: list[int], lanes: int = 1) -> list[dict[str, int]]:
    """Beats of a stream's words, zeros in lanes that are none."""
    m, beats = params.word_bits, []
    for start in range(0, len(words), lanes):
        chunk = words[start : start + lanes]
        beats.append(
            {
                "tdata": sum(word << i * m for i, word in enumerate(chunk)),
                "tkeep": 2 ** (len(chunk) * m // 8) - 1,
                "tlast": start + lanes >= len(words),
                "tuser": 0,
            }
        )
    return beats


def bench(top, given: dict[str, list[int]], expected: dict[str, list[int]], cycles: int) -> str:
    """A bench with an end of a stream at every port."""
    lines = [
        "module bench;",
        "reg clk = 0, rst = 0, live = 0;",
        f"wire [{len(expected) - 1}:0] done;",
    ]
    ports = [".clk(clk)", ".rst(rst)"]
    ends = []
    for number, (prefix, beats) in enumerate({**given, **expected}.items()):
        fields = widths(top, prefix)
        lines.append(
            f"wire {prefix}_valid, {prefix}_ready; wire [{sum(fields.values()) - 1}:0] {prefix};"
        )
        ports += [f".{prefix}_t{wire}({prefix}_{wire})" for wire in ("valid", "ready")]
        at = sum(fields.values())
        for field, width in fields.items():
            at -= width
            ports.append(f".{prefix}_{field}({prefix}[{at} +: {width}])")
        kind = "source" if prefix in given else "sink"
        values = f".W({sum(fields.values())}), .COUNT({len(beats)}), .SEED({SEED + number})"
        wires = f".clk(clk), .rst(!live), .valid({prefix}_valid), .ready({prefix}_ready)"
        wires += f", .payload({prefix})"
        if kind == "sink":
            wires += f", .done(done[{list(expected).index(prefix)}])"
        ends.append(f'idle_{kind} #({values}, .BEATS("{prefix}.hex")) at_{prefix} ({wires});')
    lines += [f"{top.name} dut ({', '.join(ports)});", *ends, "always #5 clk = !clk;"]
    lines.append("initial begin #12 rst = 1; #30 rst = 0; live = 1;")
    lines.append(f"repeat ({cycles}) begin @(posedge clk); if (&done) $finish(0); end")
    lines.append(f'$fatal(1, "no end after {cycles} cycles, seed {SEED}"); end')
    return "\n".join([*lines, "endmodule", ""])


def run(top, given: dict, expected: dict, folder: Path) -> None:
    """Simulate `top`: what is given at its slaves must make what is expected at its masters."""
    given = {prefix: payloads(top, prefix, beats) for prefix, beats in given.items()}
    expected = {prefix: payloads(top, prefix, beats) for prefix, beats in expected.items()}
    sides = {
        name.rsplit("_", 1)[0]
        for name, member in top.signature.members.items()
        if name.endswith("_tvalid") and member.flow == In
    }
    assert sides == set(given)
    for prefix, beats in given.items():
        (folder / f"{prefix}.hex").write_text("".join(f"{beat:x}\n" for beat in beats))
    cycles = 1000 + 40 * sum(len(beats) for beats in given.values())
    (folder / "bench.v").write_text(bench(top, given, expected, cycles))
    (folder / "dut.v").write_text(to_verilog(top))
    print(f"seed {SEED}")
    compiler = ["iverilog", "-g2012", "-o", "bench", "bench.v", "dut.v", str(ENDS)]
    subprocess.run(compiler, cwd=folder, check=True)
    done = subprocess.run(["vvp", "bench"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for prefix, beats in expected.items():
        shown = [int(line, 16) for line in (folder / f"{prefix}.hex").read_text().split()]
        assert shown == beats, prefix


@needs_icarus
@pytest.mark.parametrize("core", ["encoder", "decoder"])
@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("params", [Params(), Params(port_words=2), Params(16, 8), Params(8, 16)])
def test_unknown_idle_data_stay_outside(params, compact, core, tmp_path):
    rng, numbers = random.Random(SEED), np.random.default_rng(SEED)
    m = params.word_bits
    packets = [
        make(m, rng.choice(KINDS), size, numbers, block=params.block_words)
        for size in (1, 2, 30, 1, 17, 100, 5)
    ]
    encoded = [params.encode(words) for words in packets]
    words = [
        beat
        for packet in packets
        for beat in stream_beats(params, [int(word) & 2**m - 1 for word in packet])
    ]
    bpc = [b for e in encoded for b in stream_beats(params, e.bpc.tolist(), params.port_words)]
    znz = [beat for e in encoded for beat in stream_beats(params, e.znz.tolist())]
    top = catalog.tops(Config("ebpc", "", params, {"compact": compact}), name="idle")[core]
    if core == "encoder":
        run(top, {"s_axis": words}, {"m_axis_bpc": bpc, "m_axis_znz": znz}, tmp_path)
    else:
        lengths = [{"tdata": len(packet) - 1} for packet in packets]
        given = {"s_axis_len": lengths, "s_axis_bpc": bpc, "s_axis_znz": znz}
        run(top, given, {"m_axis": words}, tmp_path)
