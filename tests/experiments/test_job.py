"""Grid and sweep as submitted jobs on a real local head: same rows, exit codes, logs."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands.grid_command import GridCommand
from support.commands.sweep_command import SweepCommand
from support.on_ray.clusters import BIN, Cluster
from support.places import ROOT

pytestmark = pytest.mark.slow


def submit(ray_head: Cluster, words: list[str]) -> subprocess.CompletedProcess[str]:
    job = ["--working-dir", ".", "--runtime-env", "experiments/jobs/runtime_env.yaml"]
    return subprocess.run(
        [str(BIN / "ray"), "job", "submit", "--address", ray_head.jobs, *job, "--", *words],
        cwd=ROOT,
        env=ray_head.environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_job_gives_the_rows_of_the_direct_run(
    ray_head: Cluster, uninterrupted: GridCommand, tmp_path: Path
) -> None:
    # Both rows at once, each on a worker group of its own; the direct run had one after the other.
    command = replace(uninterrupted, runs=tmp_path, cluster=ray_head, cpus=1)
    done = submit(ray_head, command.words())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mask AP on val" in done.stdout
    assert command.rows() == uninterrupted.rows()
    direct = {path.name for path in uninterrupted.runs.glob("nodes/*")}
    assert {path.name for path in tmp_path.glob("nodes/*")} == direct


def test_a_sweep_is_submitted_like_a_grid(
    ray_head: Cluster, swept: SweepCommand, tmp_path: Path
) -> None:
    shutil.copytree(swept.runs, tmp_path / "runs", symlinks=True)
    command = replace(swept, runs=tmp_path / "runs", cluster=ray_head)
    before = command.trials()
    done = submit(ray_head, command.words())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CPU-hours" in done.stdout
    assert command.trials() == before


def test_a_job_that_fails_says_what_to_do_in_its_exit_code_and_log(
    ray_head: Cluster, tmp_path: Path
) -> None:
    words = ["--train", "lvis/train.json", "--val", "lvis/val.json", "--images", "coco"]
    done = submit(ray_head, ["experiments/grid.py", "--runs", str(tmp_path), *words])
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "lvis/train.json: not among the files that were sent" in said
    assert "give an absolute path on storage that every machine sees" in said
