"""Data of the evaluation's tests: real networks where they are, small made-up ones everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real networks and images; skips where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no real networks: {DATA} is absent")
    return DATA


@pytest.fixture
def maps_folder(tmp_path: Path) -> Path:
    """A folder of saved feature maps: six images, a rectified layer and a linear one."""
    folder = tmp_path / "maps"
    folder.mkdir()
    rng = np.random.default_rng(7)
    for image in range(6):
        smooth = rng.normal(size=(4, 6, 10)).cumsum(2).astype(np.float32)
        np.savez(
            folder / f"image{image}.npz",
            **{"conv1.relu": np.maximum(smooth, 0), "project": smooth[:2]},
        )
    return folder
