"""What simulators of accelerators are given: their own readers read it, or its published schema."""

import csv
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")
yaml = pytest.importorskip("yaml")

from fmcodec.codecs import get_codec  # noqa: E402
from fmcodec.errors import InputError  # noqa: E402
from fmcodec_eval.capture import SourceSpec  # noqa: E402
from fmcodec_eval.export import forms  # noqa: E402
from fmcodec_eval.export.scales import LayerScale, scales  # noqa: E402
from fmcodec_eval.report.engine import LocalRunner, measure  # noqa: E402
from fmcodec_eval.report.plan import Plan  # noqa: E402
from fmcodec_eval.report.store import Store  # noqa: E402
from fmcodec_eval.report.summary import Summary  # noqa: E402

LAYERS = [LayerScale("conv1", 512, 8, 0.5, 1.0), LayerScale("2/conv", 288, 8, 0.61, 0.5)]


def loaded(files, name):
    return yaml.safe_load(files[name])


def test_shares_are_of_the_bytes_in_memory(tmp_path):
    rng = np.random.default_rng(3)
    maps = {
        "a": rng.integers(0, 9, (1, 4, 8, 8), dtype=np.int8),
        "b": np.zeros((1, 2, 8, 8), np.int8),
    }
    np.savez(tmp_path / "maps.npz", **maps)
    plan = Plan((SourceSpec(str(tmp_path / "maps.npz")),), ("zvc",), ("deployed",))
    store = Store(tmp_path / "out")
    store.tables(measure(plan, store, LocalRunner()))
    summary = Summary(tmp_path / "out")
    first, second = scales(summary, summary.cases[0], "zvc", 32)
    bits = get_codec("zvc").encoded_bits(maps["a"].ravel())
    assert first.output == (math.ceil(bits / 256) * 32 + 4) / 256
    assert (first.name, first.words, first.input) == ("a", 256, 1.0)
    assert (second.output, second.input) == ((32 + 4) / 128, first.output)


def test_timeloop():
    """timeloopfe v4: `variables` has a version, and names that expressions elsewhere may use."""
    files = forms.timeloop(LAYERS, "what")
    assert list(files) == ["000-conv1.yaml", "001-2-conv.yaml"]
    for layer, name in zip(LAYERS, files, strict=True):
        ((key, variables),) = loaded(files, name).items()
        assert key == "variables"
        assert variables["version"] == "0.4"
        found = {k: v for k, v in variables.items() if k != "version"}
        assert found == {"DRAM_INPUTS_SCALE": layer.input, "DRAM_OUTPUTS_SCALE": layer.output}
        assert all(k.isidentifier() for k in found)


def test_accelforge():
    """AccelForge 1: a Memory's `bits_per_value` maps tensors' names to numbers."""
    files = forms.accelforge(LAYERS, "what")
    assert loaded(files, "memory.yaml") == {"bits_per_value": {"conv1": 4.0, "_2_conv": 4.88}}
    assert all(name.isidentifier() for name in loaded(files, "memory.yaml")["bits_per_value"])


# AccelForge takes Python 3.12: it has an environment of its own, `make simulators`
ACCELFORGE = Path(sys.prefix) / "accelforge" / "bin" / "python"
ACCELERATOR = """
arch:
  nodes:
  - !Memory
    name: DRAM
    size: inf
    leak_power: 0
    area: 0
    tensors: {{keep: ~Intermediates, may_keep: All}}
    actions:
    - {{name: read, energy: 1, throughput: inf}}
    - {{name: write, energy: 1, throughput: inf}}
    {coded}
  - !Memory
    name: Buffer
    size: inf
    leak_power: 0
    area: 0
    tensors: {{keep: ~DRAM, may_keep: All}}
    actions:
    - {{name: read, energy: 0, throughput: inf}}
    - {{name: write, energy: 0, throughput: inf}}
  - !Compute
    name: MAC
    leak_power: 0
    area: 0
    actions: [{{name: compute, energy: 0, throughput: 1}}]
"""
# two layers of 16x16 values: a map comes in, conv1 goes out and comes in again, 2/conv goes out
TWO_LAYERS = """
workload:
  iteration_space_shape: {m: 0 <= m < 16, a: 0 <= a < 16, b: 0 <= b < 16, c: 0 <= c < 16}
  bits_per_value: {All: 8}
  einsums:
  - name: First
    tensor_accesses:
    - {name: x, projection: [m, a]}
    - {name: W0, projection: [a, b]}
    - {name: conv1, projection: [m, b], output: True}
    renames: {weight: W0, input: x, output: conv1}
  - name: Second
    tensor_accesses:
    - {name: conv1, projection: [m, b]}
    - {name: W1, projection: [b, c]}
    - {name: _2_conv, projection: [m, c], output: True}
    renames: {weight: W1, input: conv1, output: _2_conv}
mapping:
  nodes:
  - !Storage {tensors: [x, conv1, _2_conv, W0, W1], component: DRAM}
  - !Sequential
    nodes:
    - !Nested
      nodes:
      - !Storage {tensors: [x, W0, conv1], component: Buffer}
      - !Temporal {rank_variable: m, tile_shape: 1}
      - !Temporal {rank_variable: a, tile_shape: 1}
      - !Temporal {rank_variable: b, tile_shape: 1}
      - !Compute {einsum: First, component: MAC}
    - !Nested
      nodes:
      - !Storage {tensors: [conv1, W1, _2_conv], component: Buffer}
      - !Temporal {rank_variable: m, tile_shape: 1}
      - !Temporal {rank_variable: b, tile_shape: 1}
      - !Temporal {rank_variable: c, tile_shape: 1}
      - !Compute {einsum: Second, component: MAC}
"""


@pytest.mark.skipif(not ACCELFORGE.exists(), reason="AccelForge is not installed: make simulators")
def test_accelforge_counts_coded_bits(tmp_path):
    coded = forms.accelforge(LAYERS, "what")["memory.yaml"].replace("\n", "\n    ")
    (tmp_path / "arch.yaml").write_text(ACCELERATOR.format(coded=coded))
    (tmp_path / "network.yaml").write_text(TWO_LAYERS)
    run = (
        "import accelforge; spec = accelforge.Spec.from_yaml('arch.yaml', 'network.yaml'); "
        "print('energy', float(spec.evaluate_mapping().energy()))"
    )
    command = [ACCELFORGE, "-c", run]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [found] = [line for line in done.stdout.splitlines() if line.startswith("energy")]
    # a unit of energy a bit: x and both matrices have 8 bits a value
    assert float(found.split()[1]) == pytest.approx(256 * (3 * 8 + 2 * 4.0 + 4.88))


def test_scalesim_words_are_rounded_up(tmp_path):
    report = tmp_path / "DETAILED_ACCESS_REPORT.csv"
    head = "LayerID, SRAM IFMAP Reads, DRAM IFMAP Reads, DRAM Filter Reads, DRAM OFMAP Writes,\n"
    report.write_text(head + "0, 1728, 300, 216, 2055,\n1, 2592, 511, 576, 2599,\n")
    files = forms.scalesim(LAYERS, "what", str(report))
    assert files[report.name] == head + "0, 1728, 300, 216, 1028,\n1, 2592, 256, 576, 1586,\n"
    rows = list(csv.DictReader(files["coded_words.csv"].splitlines()))
    assert [row["OFMAP coded words"] for row in rows] == ["256", "176"]
    with pytest.raises(InputError, match=r"must be a DETAILED_ACCESS_REPORT\.csv of SCALE-Sim"):
        forms.scalesim(LAYERS, "what", __file__)
    report.write_text(head + "0, 1728, 300, 216, 2055,\n")
    with pytest.raises(InputError, match="must have the 2 layers that were measured"):
        forms.scalesim(LAYERS, "what", str(report))


# SCALE-Sim 3 stops on numpy 2.4: it has an environment of its own, `make simulators`
SCALESIM = Path(sys.prefix) / "scalesim" / "bin" / "python"
CONFIG = """
[general]
run_name = small
[architecture_presets]
ArrayHeight = 8
ArrayWidth = 8
IfmapSramSzkB = 2
FilterSramSzkB = 2
OfmapSramSzkB = 2
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = ws
Bandwidth = 8
ReadRequestBuffer = 32
WriteRequestBuffer = 32
[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 8
IfmapSRAMBankNum = 8
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 8
FilterSRAMBankNum = 8
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = false
SparseRep = ellpack_block
OptimizedMapping = false
BlockSize = 4
RandomNumberGeneratorSeed = 40
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""


@pytest.mark.skipif(not SCALESIM.exists(), reason="SCALE-Sim is not installed: make simulators")
def test_scalesim_report_is_read(tmp_path):
    (tmp_path / "scale.cfg").write_text(CONFIG)
    (tmp_path / "net.csv").write_text(
        "Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Filters, Strides,"
        " Sparsity,\nconv1, 10, 10, 3, 3, 3, 8, 1, 1:1,\nconv2, 8, 8, 3, 3, 8, 8, 1, 1:1,\n"
    )
    (tmp_path / "layout.csv").write_text(
        "x,\n" + "".join(f"conv{i}, {'1,' * 20}\n" for i in (1, 2))
    )
    command = [SCALESIM, "-m", "scalesim.scale", "-c", "scale.cfg", "-t", "net.csv"]
    command += ["-l", "layout.csv", "-p", "out", "-s", "N"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    report = tmp_path / "out" / "small" / "DETAILED_ACCESS_REPORT.csv"
    coded = forms.scalesim(LAYERS, "what", str(report))[report.name]
    before, after = (
        [[c.strip() for c in row] for row in csv.reader(text.splitlines())]
        for text in (report.read_text(), coded)
    )
    assert before[0] == after[0]
    for layer, old, new in zip(LAYERS, before[1:], after[1:], strict=True):
        shares = {"DRAM IFMAP Reads": layer.input, "DRAM OFMAP Writes": layer.output}
        for name, a, b in zip(before[0], old, new, strict=True):
            if name in shares:
                assert int(b) == math.ceil(int(a) * shares[name])
            else:
                assert a == b


CONV = "O[b][g][k][oy][ox]+=W[g][k][c][fy][fx]*I[b][g][c][iy][ix]"


def workload(names, bits=8):
    return [
        {
            "id": number,
            "name": name,
            "operator_type": "Conv",
            "equation": CONV,
            "dimension_relations": ["ix=1*ox+1*fx", "iy=1*oy+1*fy"],
            "loop_dims": ["B", "K", "G", "OX", "OY", "C", "FX", "FY"],
            "loop_sizes": [1, 8, 1, 8, 8, 8, 1, 1],
            "operand_precision": {"W": 8, "I": bits, "O": 16, "O_final": bits},
        }
        for number, name in enumerate(names)
    ]


def test_zigzag_precisions_are_whole_bits(tmp_path):
    files = forms.zigzag(LAYERS, "what")
    assert loaded(files, "operand_precision.yaml") == [
        {"name": "conv1", "operand_precision": {"I": 8, "O_final": 4}},
        {"name": "2/conv", "operand_precision": {"I": 4, "O_final": 5}},
    ]
    own = tmp_path / "workload.yaml"
    own.write_text(yaml.safe_dump(workload(["2/conv", "pool"])))
    first, second = loaded(forms.zigzag(LAYERS, "what", str(own)), own.name)
    assert first["operand_precision"] == {"W": 8, "I": 4, "O": 16, "O_final": 5}
    assert second == workload(["2/conv", "pool"])[1]  # no such map: left as it is
    own.write_text("a: 1")
    with pytest.raises(InputError, match=r"^rewrite must be a workload of ZigZag, not "):
        forms.zigzag(LAYERS, "what", str(own))


def test_zigzag_reads_the_workload(tmp_path):
    """Its memories spend less, by as much as the bits of the operands that they move are fewer."""
    zigzag = pytest.importorskip("zigzag", reason="ZigZag is not installed")
    api = pytest.importorskip("zigzag.api")
    inputs = Path(zigzag.__file__).parent / "inputs"
    own = tmp_path / "workload.yaml"
    own.write_text(yaml.safe_dump(workload(["conv1"])))
    coded = tmp_path / "coded.yaml"
    layer = LayerScale("conv1", 512, 8, 0.5, 0.5)
    coded.write_text(forms.zigzag([layer], "what", str(own))[own.name])
    energies = []
    for path in (own, coded):
        energy, *_ = api.get_hardware_performance_zigzag(
            str(path),
            os.fspath(inputs / "hardware" / "tpu_like.yaml"),
            os.fspath(inputs / "mapping" / "tpu_like.yaml"),
            opt="energy",
            dump_folder=str(tmp_path / path.stem),
            pickle_filename=str(tmp_path / f"{path.stem}.pickle"),
            lpf_limit=4,
            nb_spatial_mappings_generated=1,
            loma_show_progress_bar=False,
        )
        energies.append(energy)
    assert energies[1] < energies[0]
