"""Running a plan: here, one task after another, or on a dask cluster; the numbers are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from fmcodec.errors import InputError, require
from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.report.measure import Result, needs_maxima, run
from fmcodec_eval.report.plan import Plan, Progress, Task, tasks
from fmcodec_eval.report.store import Store

__all__ = ["DaskRunner", "LocalRunner", "Runner", "is_quantised", "measure"]


class Runner(Protocol):
    """Runs tasks and yields each with its result, in any order."""

    def run(self, pending: Iterable[Task]) -> Iterator[tuple[Task, Result]]: ...


class LocalRunner:
    """Runs tasks in this process, one after another."""

    def run(self, pending: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        for task in pending:
            yield task, self._run(task)

    def _run(self, task: Task) -> Result:
        try:
            return run(task)
        except SystemError as error:
            # compiled code that calls Python hands a ctrl-C on as this, with the cause behind it
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, KeyboardInterrupt):
                    raise KeyboardInterrupt from error
                cause = cause.__cause__ or cause.__context__
            raise


class DaskRunner:
    """Runs tasks on a dask cluster whose workers have this package and see the same files.

    Only a few tasks more than there are threads wait in the scheduler, so that its memory does
    not grow with the number of images. A task whose worker dies runs again on another one.

    Args:
        address: of the scheduler, `tcp://host:port`.
        timeout: seconds to wait for it.
    """

    def __init__(self, address: str, timeout: float = 10.0) -> None:
        self._distributed = require("distributed", "dask", "--scheduler")
        try:
            self._client = self._distributed.Client(address, timeout=timeout)
        except (OSError, ValueError) as error:
            raise InputError(
                f"scheduler must be the address of a dask scheduler, but {address!r} "
                f"does not answer: {' '.join(str(error).split())}"
            ) from error

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()

    def run(self, pending: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        waiting = iter(pending)
        window = 2 * max(1, sum(self._client.nthreads().values())) + 2
        running = {self._submit(task): task for task in islice(waiting, window)}
        completed = self._distributed.as_completed(list(running))
        try:
            for future in completed:
                result = future.result()  # raises what the task raised
                task = running.pop(future)
                for following in islice(waiting, 1):
                    added = self._submit(following)
                    running[added] = following
                    completed.add(added)
                yield task, result
        finally:
            self._client.cancel(list(running))

    def _submit(self, task: Task) -> Any:
        return self._client.submit(run, task, pure=False)


def measure(
    plan: Plan,
    store: Store,
    runner: Runner,
    progress: Progress = lambda what, done, total: None,
) -> list[Task]:
    """Measure everything that a plan asks for, and keep it in the store.

    Args:
        plan: what to measure.
        store: where finished tasks are kept; what it has already is not run again.
        runner: what runs the tasks.
        progress: is told (what, done, total) after every task.

    Returns:
        The measuring tasks, in the order of the plan.

    Raises:
        InputError: a source cannot be used.
    """
    _check(plan)
    finished: list[Task] = []
    for source in plan.sources:
        name = source.open().name
        maxima: dict[str, float] = {}
        layers: tuple[str, ...] = ()
        if needs_maxima(plan):
            ahead = list(tasks(plan, source, "maxima"))
            for _, result in _run(ahead, store, runner, f"{name}: range", progress):
                for layer, largest in result.maxima.items():
                    maxima[layer] = max(maxima.get(layer, 0.0), largest)
        if plan.batch_layers:
            layers = _layers(plan, source)
        planned = list(tasks(plan, source, "measure", maxima, layers))
        for _ in _run(planned, store, runner, f"{name}: codecs", progress):
            pass
        finished += planned
    return finished


def _check(plan: Plan) -> None:
    """Refuse what is wrong with a source before any work is done or any file written."""
    names: list[str] = []
    for source in plan.sources:
        name = source.open().name
        if name in names:
            raise InputError(f"networks must have different names, but two are called {name!r}")
        names.append(name)
        first = _first(plan, source)
        if not first.kinds:
            raise InputError(f"layers and kinds must select a map of {name}, but they select none")
        if plan.formats == ("deployed",) and not is_quantised(source):
            raise InputError(f"{name} is not quantised: it has no deployed words")


def _first(plan: Plan, source: SourceSpec) -> Result:
    """The range of the first image that can be used."""
    for index in range(plan.image_count(source)):
        task = Task(replace(plan, sources=(source,)), "maxima", (index, index + 1))
        result = run(task)
        if not result.skipped:
            return result
    reason = next(iter(result.skipped.values()))
    raise InputError(f"images of {source.open().name} must have one that can be used: {reason}")


def is_quantised(source: SourceSpec) -> bool:
    """Whether a source has maps of integers."""
    return any(note.stored and note.dtype in ("int8", "uint8") for note in source.open().tensors())


def _layers(plan: Plan, source: SourceSpec) -> tuple[str, ...]:
    return tuple(_first(plan, source).kinds)


def _run(
    planned: list[Task],
    store: Store,
    runner: Runner,
    what: str,
    progress: Progress,
) -> Iterator[tuple[Task, Result]]:
    pending: list[Task] = []
    done = 0
    progress(what, 0, len(planned))
    for task in planned:
        kept = store.load(task)
        if kept is None:
            pending.append(task)
            continue
        done += 1
        progress(what, done, len(planned))
        yield task, kept
    results = runner.run(pending)
    with closing(results):  # type: ignore[type-var]  # a generator: stops its tasks on ctrl-C
        for task, result in results:
            store.save(task, result)
            done += 1
            progress(what, done, len(planned))
            kept = Result(maxima=result.maxima, kinds=result.kinds, skipped=result.skipped)
            yield task, kept
