"""One merge over processes, over Ray, and over its own death: the same bytes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.merge_folder import QUICK, Folder, detection
from support.on_ray.clusters import Cluster, wait_for

from ensemble import merge_job as job
from ensemble.merging import workers as backends
from ensemble.merging.workers import InProcess, Place, Processes, local_backend
from longtail.commands import InfrastructureError
from longtail.evaluation import workers
from longtail.problems import BadInputError

SHARD = 1024
MERGE = """
from ensemble import merge_job as job
from ensemble import merge
job.DETECTIONS_OF_A_PROCESS = 1
merge.run(merge.main)
"""
MANY = tuple(range(1, 2 * SHARD + 101))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Three shards, merged in one process to the folder `one`."""
    folder = Folder(tmp_path_factory.mktemp("many"), MANY)
    assert folder.merge("a=a.json", "b=b.json", out="one", options=(*QUICK, "--num-workers=1")) == 0
    return folder


def double(value: int, other: int = 0) -> int:
    return 2 * value + other


def fail(value: int) -> int:
    raise BadInputError(f"no {value}")


def die(value: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return value


@pytest.mark.parametrize("num_workers", [1, 2])
def test_backend_gives_every_result(num_workers: int) -> None:
    results = local_backend(num_workers).run(double, [(1,), (2, 5), (3,)])
    assert sorted(results) == [2, 6, 9]
    assert list(local_backend(num_workers).run(double, [])) == []


@pytest.mark.parametrize("num_workers", [1, 2])
def test_backend_passes_errors_on(num_workers: int) -> None:
    with pytest.raises(BadInputError, match="no 3"):
        list(local_backend(num_workers).run(fail, [(3,)]))


@pytest.mark.slow
def test_a_killed_worker_is_told() -> None:
    with pytest.raises(InfrastructureError, match="fewer --num-workers"):
        list(Processes(2).run(die, [(1,), (2,)]))


def test_place_checks_what_goes_together() -> None:
    with pytest.raises(ValueError, match="leave it out with --ray"):
        Place(num_workers=2, use_ray=True)
    with pytest.raises(ValueError, match="give --ray"):
        Place(address="auto")
    with pytest.raises(ValueError, match="--num-workers 0"), Place(num_workers=0).backend(1):
        pass
    with Place(num_workers=8).backend(1) as backend:
        assert isinstance(backend, InProcess)


def test_few_detections_start_no_process(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(backends, "ProcessPoolExecutor", refuse)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", refuse)
    assert folder.merge("a=a.json", "b=b.json", options=("--num-workers=8",)) == 0
    assert (folder.path / "out/evaluation.json").exists()


def same_as_one(many: Folder, out: str) -> bool:
    names = ("submission.json", "stats.json", "merged/shard-00001.parquet", "merged/manifest.json")
    return all(many.bytes_of(name, "one") == many.bytes_of(name, out) for name in names)


@pytest.mark.slow
def test_processes_give_the_same_bytes(many: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "DETECTIONS_OF_A_PROCESS", 1)
    options = (*QUICK, "--num-workers=2")
    assert many.merge("b=b.json", "a=a.json", out="two", options=options) == 0
    assert same_as_one(many, "two")


@pytest.mark.slow
def test_an_error_in_a_process_ends_with_3(
    many: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "DETECTIONS_OF_A_PROCESS", 1)
    boxes = [
        {"image_id": image, "category_id": 3, "score": 0.5, "bbox": [1, 1, 5, 5]}
        for image in (1, SHARD + 1)
    ]
    many.write("boxes.json", [detection(1, 9, 0.5), *boxes])
    options = (*QUICK, "--num-workers=2")
    assert many.merge("a=a.json", "c=boxes.json", out="wrong", options=options) == 3
    assert "a detection has a box and no mask" in capsys.readouterr().err


def merge_on(cluster: Cluster, many: Folder, out: str) -> None:
    words = command(many, out, "--ray")
    done = subprocess.run(words, env=cluster.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_ray_gives_the_same_bytes(many: Folder, own_cluster: Cluster) -> None:
    merge_on(own_cluster, many, "ray")
    assert same_as_one(many, "ray")


@pytest.mark.slow
def test_a_cluster_that_was_there_gives_the_same_bytes(many: Folder, ray_head: Cluster) -> None:
    merge_on(ray_head, many, "joined")
    assert same_as_one(many, "joined")


def command(many: Folder, out: str, *options: str) -> list[str]:
    words = [f"--pred={name}={many.path}/{name}.json" for name in "ab"]
    paths = [f"--ann={many.ann}", f"--out={many.path}/{out}"]
    return [sys.executable, "-c", MERGE, *words, *paths, *QUICK, *options]


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [1, 2])
def test_a_killed_merge_goes_on(
    many: Folder, num_workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    out = many.path / f"killed-{num_workers}"
    arguments = command(many, out.name, f"--num-workers={num_workers}")
    process = subprocess.Popen(
        arguments, start_new_session=True, text=True, stderr=subprocess.DEVNULL
    )
    wait_for((out / ".work/shards/shard-00000.npz").exists, process, seconds_between=0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "result.json").exists()
    written = (out / "merged/shard-00000.parquet").stat().st_mtime_ns
    options = (*QUICK, f"--num-workers={num_workers}")
    assert many.merge("a=a.json", "b=b.json", out=out.name, options=options) == 0
    printed = capsys.readouterr().err
    assert (
        "going on with the interrupted merge" in printed and "shards are merged already" in printed
    )
    assert (out / "merged/shard-00000.parquet").stat().st_mtime_ns == written
    assert same_as_one(many, out.name)
    assert not list(out.glob(".*")) and not list((out / "merged").glob(".*"))


def interrupt(folder: Folder) -> Path:
    """Leave a folder as a kill between the last shard and the submission does."""
    from ensemble.outputs import submissions

    options = (*QUICK, "--num-workers=1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submissions, "export_json", fail_to_write)
        assert folder.merge("a=a.json", "b=b.json", options=options) == 5
    return folder.path / "out"


def fail_to_write(*_: object, **__: object) -> None:
    raise OSError("no space left on device")


def test_finished_shards_of_an_interrupted_merge_are_kept(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    out = interrupt(folder)
    shard = out / "merged/shard-00000.parquet"
    written = shard.stat().st_mtime_ns
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert "1 of 1 shards are merged already" in capsys.readouterr().err
    assert shard.stat().st_mtime_ns == written
    assert folder.merge("a=a.json", "b=b.json", options=QUICK, out="whole") == 0
    for name in ("submission.json", "stats.json"):
        assert folder.bytes_of(name) == folder.bytes_of(name, "whole")


@pytest.mark.parametrize("damage", ["merged/shard-00000.parquet", ".work/shards/shard-00000.npz"])
def test_a_damaged_shard_is_merged_again(
    folder: Folder, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = interrupt(folder)
    before = (out / "merged/shard-00000.parquet").read_bytes()
    (out / damage).write_bytes((out / damage).read_bytes()[:-7] + b"x")
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    assert "merged already" not in capsys.readouterr().err
    assert (out / "merged/shard-00000.parquet").read_bytes() == before


def test_another_request_does_not_go_on(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    interrupt(folder)
    options = (*QUICK, "--method=nms")
    assert folder.merge("a=a.json", "b=b.json", options=options) == 0
    assert "going on" not in capsys.readouterr().err
    assert folder.merge("a=a.json", "b=b.json", options=options, out="whole") == 0
    assert folder.bytes_of("submission.json") == folder.bytes_of("submission.json", "whole")


def test_force_does_not_go_on(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    interrupt(folder)
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, "--force")) == 0
    assert "going on" not in capsys.readouterr().err
