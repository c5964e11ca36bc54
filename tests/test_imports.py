"""Who may import whom: no circle, no package above, no other codec's room.

Every import of every module counts: local ones, those for type checking alone, and modules named
to `LazyModule`.
"""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = (ROOT / "model", ROOT / "hw", ROOT)  # folders whose packages are imported by name
# package: those of the project that it may import besides itself
MAY = {
    "fmcodec": set(),
    "fmcodec_eval": {"fmcodec"},
    "fmcodec_hw": {"fmcodec"},
    "sim": {"fmcodec", "fmcodec_hw"},
    "synth": {"fmcodec", "fmcodec_hw", "sim"},
}
ROOMS = ("ebpc", "rice", "fmtc")
# (room, other room that it may import): a codec that is declared to stand on another
DECLARED: set[tuple[str, str]] = set()


def find(places: tuple[Path, ...], packages: set[str]) -> dict[str, Path]:
    """Modules of `packages` by name, found by walking."""
    found = {}
    for place in places:
        for package in packages:
            for file in sorted((place / package).rglob("*.py")):
                parts = file.relative_to(place).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(name: str, source: str, modules: set[str], is_package: bool = False) -> set[str]:
    """The modules of the project that a module imports.

    `from package import name` is the module `package.name` where there is one: a package's
    __init__ must not count as an import of all that it shows.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join([*parts, *filter(None, [base])])
            named = {f"{base}.{alias.name}" for alias in node.names}
            found |= {full if full in modules else base for full in named}
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in ("LazyModule", "import_module") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return (found & modules) - {name}


@cache
def graph() -> dict[str, set[str]]:
    files = find(PLACES, set(MAY))
    names = set(files)
    return {
        name: imports(name, file.read_text(), names, file.name == "__init__.py")
        for name, file in files.items()
    }


def circle(edges: dict[str, set[str]]) -> list[str]:
    """A circle of imports, or nothing."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def upward(edges: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Imports of a package that stands above, or beside."""
    return [
        (name, other)
        for name, others in edges.items()
        for other in sorted(others)
        if (mine := name.partition(".")[0]) != (its := other.partition(".")[0])
        and its not in MAY[mine]
    ]


def room(name: str) -> str | None:
    """The codec whose room a module stands in."""
    return next((part for part in name.split(".")[1:2] if part in ROOMS), None)


def trespasses(edges: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Imports from one codec's room into another's."""
    return [
        (name, other)
        for name, others in edges.items()
        for other in sorted(others)
        if (mine := room(name))
        and (its := room(other))
        and mine != its
        and (mine, its) not in DECLARED
    ]


def test_all_packages_are_found():
    packages = {name.partition(".")[0] for name in graph()}
    assert packages == set(MAY)
    assert {"fmcodec.ebpc.fast", "fmcodec_eval.lossy.points", "fmcodec_hw.axis"} <= set(graph())


def test_no_circle():
    found = circle(graph())
    assert not found, " <- ".join(found)


def test_no_upward_import():
    assert upward(graph()) == []


def test_codecs_keep_to_their_rooms():
    assert trespasses(graph()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import fmcodec.b",
        "from fmcodec import b",
        "from fmcodec.b import thing",
        "from . import b",
        "from .b import thing",
        "def f():\n    from fmcodec.b import thing",
        "if TYPE_CHECKING:\n    from fmcodec.b import thing",
        'b = LazyModule("fmcodec.b")',
    ],
)
def test_every_kind_of_import_counts(source):
    names = {"fmcodec", "fmcodec.a", "fmcodec.b"}
    assert imports("fmcodec.a", source, names) == {"fmcodec.b"}
    assert circle({"fmcodec.a": {"fmcodec.b"}, "fmcodec.b": {"fmcodec.a"}})


def test_faults_are_seen():
    edges = {
        "fmcodec.x": {"fmcodec_eval.y"},
        "fmcodec_hw.x": {"fmcodec_eval.y", "fmcodec.x"},
        "fmcodec.ebpc.a": {"fmcodec.fmtc.b", "fmcodec.bits"},
    }
    assert upward(edges) == [
        ("fmcodec.x", "fmcodec_eval.y"),
        ("fmcodec_hw.x", "fmcodec_eval.y"),
    ]
    assert trespasses(edges) == [("fmcodec.ebpc.a", "fmcodec.fmtc.b")]
    assert not circle(edges)
