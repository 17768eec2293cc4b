"""The house keeps its shape: layers, sizes, names, what the core may touch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import enbloc as package

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "enbloc"
MODULES = sorted(SOURCE.rglob("*.py"))
CORE = [path for path in MODULES if "adapters" not in path.relative_to(SOURCE).parts]
OUTSIDE = {"os", "sys", "pathlib", "io", "socket", "sqlite3", "subprocess", "shutil", "tempfile", "urllib", "http"}
OUTSIDE |= {"requests", "time", "datetime", "random", "nibabel", "SimpleITK", "pydicom", "typer"}
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "core", "base", "misc"}
IDS = [str(path.relative_to(SOURCE)) for path in MODULES]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_the_layers_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-3000:]


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_is_a_room_and_not_a_hall(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))
    assert path.stem not in NO_NAMES


LATE = {"cli.py", "meshes.py"}
"""Modules that load slow libraries where they are needed: `enbloc --help` and a typed case must not wait for them."""


def test_imports_stand_at_the_top_but_for_slow_libraries() -> None:
    hidden = [
        f"{path.relative_to(SOURCE)}:{inner.lineno}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom) and path.name not in LATE
    ]
    assert hidden == []


def test_the_core_touches_nothing_outside() -> None:
    touched = []
    for path in CORE:
        for node in ast.walk(tree_of(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [node.func.id] if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else []
            touched += [f"{path.name}: {name}" for name in names if name.split(".")[0] in OUTSIDE | {"open"}]
    allowed = {"packing.py: io"}  # pictures are packed in memory
    assert set(touched) <= allowed


def test_public_functions_take_six_things_at_most() -> None:
    crowded = [
        f"{path.relative_to(SOURCE)}:{node.name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and len([a for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")]) > 6
    ]
    assert crowded == []


def test_no_excuse_stands_in_the_source() -> None:
    excuses = re.compile(r"TODO|FIXME|NotImplementedError|pragma: no cover|type: ignore|except( Exception)?:|\bxfail")
    found = [str(path) for path in MODULES if excuses.search(path.read_text("utf-8"))]
    assert found == []


def test_the_public_surface_is_small() -> None:
    public = [name for name in getattr(package, "__all__", ()) if not name.startswith("__")]
    assert len(public) <= 15
    for name in public:
        assert hasattr(package, name)


def test_starting_loads_no_image_library() -> None:
    probe = "import enbloc.adapters.cli, sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not {"nibabel", "SimpleITK", "trimesh", "scipy", "skimage"} & set(found.stdout.split())


def test_a_typed_case_waits_for_no_library_that_it_does_not_use() -> None:
    loaded = "*(name for name, module in sys.modules.items() if 'Lazy' not in type(module).__name__)"
    probe = f"import enbloc.adapters.journey, sys; print({loaded})"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not {"pydicom", "pybtex", "yaml", "highdicom", "nibabel", "SimpleITK", "numba"} & set(found.stdout.split())


def test_no_two_test_files_share_a_name() -> None:
    """Test folders are no packages: of two files with one name, one would not be collected."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
