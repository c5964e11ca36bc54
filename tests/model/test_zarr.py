"""The codecs in Zarr arrays, format 3 and format 2."""

import json
import subprocess
import sys

import numpy as np
import pytest

from fmcodec.codecs import codec_ids, get_codec

zarr = pytest.importorskip("zarr")
adapters = pytest.importorskip("fmcodec.codecs.zarr")
CODECS = {cls.codec_class.codec_id: cls for cls in map(vars(adapters).get, adapters.__all__)}


def maps(dtype):
    """Rectified values, shape (4, 33, 30): chunks of (2, 16, 16) do not divide it."""
    values = np.random.default_rng(1).normal(size=(4, 33, 30)).cumsum(axis=2) * 3
    return values.clip(0, 100).astype(dtype)


@pytest.mark.parametrize("name", codec_ids(bounds=False))
@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", ">i2", "<f2", "<f4"])
def test_format_3(tmp_path, name, dtype):
    values = maps(dtype)
    array = zarr.create_array(
        tmp_path / "a", shape=values.shape, chunks=(2, 16, 16), dtype=values.dtype,
        compressors=CODECS[name](),
    )  # fmt: skip
    array[:] = values
    found = zarr.open_array(tmp_path / "a", mode="r")
    np.testing.assert_array_equal(found[:], values)
    metadata = json.loads((tmp_path / "a" / "zarr.json").read_text())
    config = get_codec(name, word_bits=8 * values.itemsize).get_config()
    del config["id"]
    assert metadata["zarr_format"] == 3
    assert metadata["codecs"][-1] == {"name": f"fmcodec.{name}", "configuration": config}


@pytest.mark.parametrize("name", codec_ids(bounds=False))
def test_format_2(tmp_path, name):
    numcodecs = pytest.importorskip("numcodecs")
    values = maps("<i2")
    codec = numcodecs.get_codec({"id": f"fmcodec_{name}", "word_bits": 16})
    array = zarr.create_array(
        tmp_path / "a", shape=values.shape, chunks=(2, 16, 16), dtype=values.dtype,
        compressors=codec, zarr_format=2,
    )  # fmt: skip
    array[:] = values
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a", mode="r")[:], values)


def test_the_chunk_is_the_container(tmp_path):
    values = np.arange(-60, 60, dtype="<i2")
    array = zarr.create_array(
        tmp_path / "a", shape=values.shape, dtype=values.dtype, compressors=adapters.Rice()
    )
    array[:] = values
    assert (tmp_path / "a" / "c" / "0").read_bytes() == get_codec("rice", word_bits=16).encode(
        values
    )


def test_zarr_finds_the_codecs_by_itself(tmp_path):
    values = maps("i1")
    array = zarr.create_array(
        tmp_path / "a", shape=values.shape, dtype=values.dtype, compressors=adapters.Ebpc()
    )
    array[:] = values
    code = f"import zarr; print(int(zarr.open_array({str(tmp_path / 'a')!r})[:].astype(int).sum()))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == int(values.astype(int).sum())


def test_the_metadata_say_the_parameters_that_were_not_given(tmp_path):
    values = maps("i2")
    path = tmp_path / "a"
    array = zarr.create_array(path, shape=values.shape, dtype="i2", compressors=adapters.Ebpc())
    array[:] = values
    [coded] = [
        c for c in json.loads((path / "zarr.json").read_text())["codecs"] if "fm" in c["name"]
    ]
    assert coded["configuration"] == {"word_bits": 16, "block_words": 16, "max_zero_run": 16}
    assert (zarr.open_array(path)[:] == values).all()


@pytest.mark.parametrize(
    ("parameters", "dtype", "message"),
    [
        ({}, "f8", "word_bits must be an int in 4..32, not 64"),
        ({"level": 3}, "i1", "ebpc has no parameter 'level'"),
        ({"block_words": 5}, "i1", "block_words must be 4, 8, 16 or 32, not 5"),
    ],
)
def test_refused(parameters, dtype, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        zarr.create_array({}, shape=(4,), dtype=dtype, compressors=adapters.Ebpc(**parameters))


def test_half_words_are_refused():
    array = zarr.create_array({}, shape=(3,), dtype="i1", compressors=adapters.Rice(word_bits=16))
    with pytest.raises(ValueError, match=r"^chunk must be whole words of 2 bytes, not 3$"):
        array[:] = np.array([1, 2, 3], np.int8)
