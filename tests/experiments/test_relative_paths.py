"""Commands whose work is done by Ray, in a folder of the user's, on a head that runs elsewhere."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from support.calibration_scene import write_masks
from support.commands.relative_paths import FIRST, ON_RAY, Tried
from support.on_ray.clusters import Cluster
from support.places import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ray_head: Cluster) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    write_masks(folder, 40)
    (fit,) = (tried for tried in FIRST if tried.command == "ensemble.calibrate fit")
    started(fit, folder, ray_head)
    return folder


def started(tried: Tried, folder: Path, cluster: Cluster) -> str:
    module, *subcommand = tried.command.split()
    source = importlib.import_module(module).__file__
    # The sources of the commands under `experiments` are what a user names.
    of_file = module.startswith("experiments.")
    first = [str(source)] if of_file else ["-m", module, *subcommand]
    paths = f"{ROOT}:{ROOT / 'platform'}"
    done = subprocess.run(
        [sys.executable, *first, *tried.words.split()],
        cwd=folder,
        env={**cluster.environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == tried.code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("tried", ON_RAY, ids=lambda tried: tried.words[:40])
def test_work_on_ray_takes_relative_paths(tried: Tried, folder: Path, ray_head: Cluster) -> None:
    started(tried, folder, ray_head)
    assert [name for name in tried.makes if not (folder / name).exists()] == []


def test_nothing_was_written_outside_the_folder(folder: Path) -> None:
    assert not (ROOT / "on_ray").exists()
