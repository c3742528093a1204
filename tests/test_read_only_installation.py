"""Commands without a home, over sources that cannot be written to, as in many containers.

For real: as another user, who may write to a temporary folder and to the results. That needs root.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numba
import pytest
from support.merge_folder import lvis_file, source
from support.places import ROOT

from longtail.commands import NO_REPORT

pytestmark = pytest.mark.slow
# Nobody has this number: there is no name and no home to be looked up.
STRANGER = 54321
PATH = "/usr/local/bin:/usr/bin:/bin"
PACKAGES = Path(numba.__file__).parents[1]
EVERYBODY_READS = stat.S_IRWXU | stat.S_IXGRP | stat.S_IRGRP | stat.S_IXOTH | stat.S_IROTH


@dataclass(frozen=True)
class Container:
    """A folder with the sources in `code`, a `tmp`, and `results`, where commands run.

    Attributes:
        path: The folder.
        python: An interpreter that everybody may run.
    """

    path: Path
    python: str

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The end of `python -m` words."""
        code = self.path / "code"
        environment = {
            "PATH": PATH,
            "PYTHONPATH": f"{code / 'platform'}:{code}:{PACKAGES}",
            "TMPDIR": str(self.path / "tmp"),
        }
        return subprocess.run(
            [self.python, "-m", *words],
            env=environment | variables,
            user=STRANGER,
            group=STRANGER,
            extra_groups=[],
            cwd=self.path / "results",
            capture_output=True,
            text=True,
            check=False,
        )


def python_for_everybody() -> str | None:
    """An interpreter of this version that a stranger may run with these packages."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, shutil.which(name, path=PATH)):
        try:
            subprocess.run(
                [str(path), "-c", "import numpy, click"],
                env={"PATH": PATH, "PYTHONPATH": str(PACKAGES)},
                user=STRANGER,
                group=STRANGER,
                extra_groups=[],
                cwd="/",
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return path
    return None


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    python = python_for_everybody()
    if python is None:
        pytest.skip("another user can run no Python with these packages")
    with TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(EVERYBODY_READS)
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("platform", "ensemble", "dashboards"):
            shutil.copytree(ROOT / part, path / "code" / part, ignore=ignored)
        for name in ("tmp", "results"):
            (path / name).mkdir()
            os.chown(path / name, STRANGER, STRANGER)
        tree = lvis_file()
        for image in tree["images"]:
            image["file_name"] = f"{image['id']}.png"
        (path / "results" / "ann.json").write_text(json.dumps(tree))
        for number, name in enumerate("ab", 1):
            (path / "results" / f"{name}.json").write_text(json.dumps(source(number)))
        yield Container(path, python)


MERGE = ("ensemble.merge", "--pred=a=a.json", "--pred=b=b.json", "--ann=ann.json", "--no-evaluate")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("longtail.data.check", "ann.json"), "images without annotations"),
        ((*MERGE, "--out=merged"), "report merged/report.html"),
        (("longtail.evaluation", "ann.json", "a.json"), "Recall"),
    ],
    ids=["check", "merge", "evaluation"],
)
def test_commands_work_from_a_private_temporary_cache(
    words: tuple[str, ...], told: str, container: Container
) -> None:
    ended = container.run(*words)
    assert ended.returncode == 0, ended.stderr
    assert told in ended.stdout + ended.stderr
    (folder,) = (container.path / "tmp").glob("longtail_caches_*")
    assert f"{folder} is used; set LONGTAIL_CACHE" in ended.stderr
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    assert not list((container.path / "code").rglob("__pycache__"))


def test_places_that_are_named_are_used(container: Container) -> None:
    places = {
        "LONGTAIL_CACHE": str(container.path / "results" / "cache"),
        "NUMBA_CACHE_DIR": str(container.path / "results" / "kernels"),
    }
    home = {"HOME": "/nonexistent"}
    ended = container.run("longtail.data.check", "ann.json", **home, **places)
    assert ended.returncode == 0 and not ended.stderr
    assert all(any(Path(place).iterdir()) for place in places.values())


def test_a_home_that_cannot_be_written_to_is_not_needed(container: Container) -> None:
    elsewhere = {"HOME": "/nonexistent", NO_REPORT: "1"}
    ended = container.run(*MERGE, "--out=homeless", **elsewhere)
    assert ended.returncode == 0 and "is used for caches; set LONGTAIL_CACHE" in ended.stderr


@pytest.mark.parametrize("variable", ["LONGTAIL_CACHE", "NUMBA_CACHE_DIR"])
def test_a_place_that_cannot_be_written_to_is_named(variable: str, container: Container) -> None:
    file = container.path / "results" / "other.json"
    file.write_text((container.path / "results" / "ann.json").read_text() + "\n")
    ended = container.run("longtail.data.check", "other.json", **{variable: "/proc/none"})
    assert ended.returncode == 5
    assert f"set {variable}" in ended.stderr and "Traceback" not in ended.stderr


def test_a_cache_that_another_user_planted_is_not_loaded(container: Container) -> None:
    planted = container.path / "planted" / f"longtail_caches_{STRANGER}"
    planted.mkdir(parents=True)
    planted.parent.chmod(0o1777)
    ended = container.run(*MERGE, "--out=other", TMPDIR=str(planted.parent))
    assert ended.returncode == 5
    assert "others may have written to it" in ended.stderr and "NUMBA_CACHE_DIR" in ended.stderr
    assert not list(planted.iterdir())
