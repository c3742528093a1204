"""What a new member of a family takes: the patches of `tests/examples`, applied to a copy and run.

Each is shown to whoever adds one (CONTRIBUTING.md): new files, and few lines in files that stand.
"""

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from support.places import ROOT

PATCHES = sorted((ROOT / "tests" / "examples").glob("*.patch"))
NEW_SOURCES = {"fusion_method": 1, "loss": 2, "metric": 1, "transform": 1}
"""A loss has its function, on tensors, and its classifier."""
EDITED = {"fusion_method": 1, "loss": 2, "metric": 1, "transform": 2}
"""A loss and a transform have a section of the configuration, and an arm where it is built: mypy
says which one is missing."""

COPIED = ("platform", "ensemble", "experiments", "tests/support", "tests/conftest.py")


def added_lines(patch: str) -> dict[str, list[str]]:
    """Lines that a patch adds, by the file that they are added to; nothing is taken away."""
    found: dict[str, list[str]] = {}
    file = ""
    for line in patch.splitlines():
        if line.startswith("+++ b/"):
            file = line.removeprefix("+++ b/")
        elif line.startswith("+"):
            found.setdefault(file, []).append(line[1:])
    return found


def new_files(patch: str) -> list[str]:
    lines = patch.splitlines()
    return [b.removeprefix("+++ b/") for a, b in pairwise(lines) if a == "--- /dev/null"]


def test_there_is_a_patch_for_each_family() -> None:
    names = [path.stem for path in PATCHES]
    assert names == ["fusion_method", "loss", "metric", "transform"]


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_member_is_its_files_few_lines_and_a_test(path: Path) -> None:
    patch, name = path.read_text(), path.stem
    made = new_files(patch)
    edited = {file: lines for file, lines in added_lines(patch).items() if file not in made}
    assert len([file for file in made if file.startswith("tests/")]) == 1
    assert len([file for file in made if not file.startswith("tests/")]) == NEW_SOURCES[name]
    assert len(edited) == EDITED[name]
    if EDITED[name] == 1:
        # Its import, and its place in the family.
        assert [len(lines) for lines in edited.values()] == [2]


@pytest.mark.slow
@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_member_works(path: Path, tmp_path: Path) -> None:
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Compiled kernels are copied too: they know their sources by size and time.
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(["git", "apply", str(path)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, f"make the patch anew: {done.stderr}"
    tests = [name for name in new_files(path.read_text()) if name.startswith("tests/")]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'platform'}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *tests],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
