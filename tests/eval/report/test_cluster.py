"""The report on a dask cluster: the same numbers, and a dead worker is no loss."""

import os
import signal

import pytest

from fmcodec_eval.capture import InputError, SourceSpec

distributed = pytest.importorskip("distributed")
pd = pytest.importorskip("pandas")

from fmcodec_eval.report.engine import DaskRunner, LocalRunner, measure  # noqa: E402
from fmcodec_eval.report.plan import Plan  # noqa: E402
from fmcodec_eval.report.store import Store  # noqa: E402


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def test_two_workers_one_killed_give_the_numbers_of_none(maps_folder, tmp_path, cluster):
    plan = Plan(
        (SourceSpec(str(maps_folder)),),
        ("zvc", "ebpc", "deflate"),
        ("fixed8", "bfloat16"),
        batch_images=1,
        batch_layers=1,
    )
    alone = Store(tmp_path / "alone")
    alone.tables(measure(plan, alone, LocalRunner()))
    killed = []

    def kill_one(what, done, total):
        if done == 3 and what.endswith("codecs") and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    runner = DaskRunner(cluster.scheduler_address)
    try:
        together = Store(tmp_path / "together")
        together.tables(measure(plan, together, runner, kill_one))
    finally:
        runner.close()
    assert killed
    for name in ("maps", "facts"):
        one = pd.read_parquet(tmp_path / "alone" / f"{name}.parquet")
        two = pd.read_parquet(tmp_path / "together" / f"{name}.parquet")
        pd.testing.assert_frame_equal(one, two)


def test_an_error_of_a_task_is_the_users_error(maps_folder, tmp_path, cluster):
    (maps_folder / "image5.npz").write_bytes(b"damaged")
    plan = Plan((SourceSpec(str(maps_folder)),), ("zvc",), batch_images=1)
    runner = DaskRunner(cluster.scheduler_address)
    try:
        with pytest.raises(InputError, match=r"maps, image 5: .*image5\.npz must be an array"):
            measure(plan, Store(tmp_path / "out"), runner)
    finally:
        runner.close()


def test_a_scheduler_that_does_not_answer_is_named():
    with pytest.raises(InputError, match=r"'tcp://127\.0\.0\.1:9' does not answer"):
        DaskRunner("tcp://127.0.0.1:9", timeout=1)
