"""Coded maps as memory sees them: bursts, streams, index, raw where coding does not help."""

import numpy as np
import pytest

from fmcodec.codecs import get_codec
from fmcodec.ebpc import Params
from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.report.storage import BURSTS, Burst

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

from fmcodec_eval.report.engine import LocalRunner, measure
from fmcodec_eval.report.plan import Plan, codec_config
from fmcodec_eval.report.store import Store
from fmcodec_eval.report.summary import Case, Summary


@pytest.mark.parametrize(
    ("streams", "raw_bits", "stored"),
    [
        ((1,), 4096, (64 + 4, False)),
        ((512,), 4096, (64 + 4, False)),
        ((513,), 4096, (128 + 4, False)),
        ((100, 100), 4096, (2 * 64 + 8, False)),  # each stream from a burst's edge
        ((3585,), 4096, (512 + 4, True)),  # as many bursts as raw
        ((3584,), 4096, (448 + 4, False)),
        ((9000, 10), 4096, (512 + 8, True)),
    ],
)
def test_a_packet_takes_whole_bursts_and_its_index(streams, raw_bits, stored):
    found = Burst(64).stored(np.array([streams]), np.array([raw_bits]))
    assert (found.bytes.tolist(), found.raw.tolist()) == ([stored[0]], [stored[1]])


def test_streams_of_ebpc_are_counted_apart():
    words = np.array([0, 0, 5, 6, 0, -7, 8] * 40, np.int8)
    encoded, params = Params().encode(words), Params()
    bpc, znz = get_codec("ebpc").stream_bits(words)
    assert (-(-bpc // 8), -(-znz // 8)) == (len(encoded.bpc), len(encoded.znz))
    assert bpc + znz == params.encoded_bits(words)
    for codec in ("zvc", "rice", "deflate"):
        assert get_codec(codec).stream_bits(words) == (get_codec(codec).encoded_bits(words),)


@pytest.fixture
def summary(maps_folder, tmp_path):
    codecs = ("zvc", "ebpc", "ebpc:block_words=16", "rice", "deflate")
    plan = Plan((SourceSpec(str(maps_folder)),), codecs, ("float16",), ("nchw", "tile:4x4x2"))
    store = Store(tmp_path / "out")
    store.tables(measure(plan, store, LocalRunner()))
    return Summary(tmp_path / "out")


@pytest.mark.parametrize("burst", BURSTS)
def test_sizes_of_layers_are_those_of_their_packets(maps_folder, summary, burst):
    """Every byte counted again from the saved maps, by the rules of the page in short."""
    sizes = summary.layer_sizes(Case("maps", "float16", "tile:4x4x2"), burst)
    sizes = sizes.set_index(["layer", "codec"])
    files = sorted(maps_folder.glob("*.npz"))
    for codec in summary.codecs:
        coder = get_codec(codec_config(codec), word_bits=16)
        stored = raw_packets = raw_bytes = 0
        for file in files:
            words = (np.load(file)["conv1.relu"].astype(np.float16) + np.float16(0)).view(np.int16)
            raw_bytes += -(-words.nbytes // burst) * burst
            for c, y, x in np.ndindex(2, 2, 3):
                tile = words[2 * c : 2 * c + 2, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4].reshape(-1)
                parts = coder.stream_bits(tile)
                coded = sum(-(-bits // (8 * burst)) * burst for bits in parts)
                plain = -(-tile.nbytes // burst) * burst
                stored += min(coded, plain) + 4 * len(parts)
                raw_packets += coded >= plain
        row = sizes.loc["conv1", codec]
        assert row.stored_bytes == pytest.approx(stored / len(files), rel=1e-12)
        assert row.raw_packets == pytest.approx(raw_packets / len(files), rel=1e-12)
        assert row.raw_bytes == pytest.approx(raw_bytes / len(files), rel=1e-12)
        assert (row["shape"], row.packets, row.words, row.word_bits) == ("4x6x10", 12, 240, 16)


def test_larger_bursts_never_take_fewer_bytes(summary):
    case = Case("maps", "float16", "tile:4x4x2")
    small, middle, large = (summary.layer_sizes(case, burst).stored_bytes for burst in BURSTS)
    assert (small <= middle).all()
    assert (middle <= large).all()
    assert (summary.layer_sizes(case, 32).ideal_bytes < small).any()
