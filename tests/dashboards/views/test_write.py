"""Views, descriptions and links in a real MLflow store."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support.dashboards.made_runs import EXPERIMENT, make_grid, make_sweep

from dashboards.views.known import known_links
from dashboards.views.write import brought, write_views
from longtail.problems import BadInputError
from longtail.tracking.experiment import Experiment, newest_experiment

pytestmark = pytest.mark.slow
IDS = ["rows", "means", "scatter", "difference", "search"]


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a grid, which takes seconds to make."""
    runs = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        make_grid(runs)
    return runs / "mlflow.db"


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """A runs folder of its own with that store."""
    shutil.copy(made, tmp_path / "mlflow.db")
    return tmp_path


def tags_of(uri: str) -> dict[str, str]:
    return dict(MlflowClient(uri).get_experiment_by_name(EXPERIMENT).tags)


def test_views_are_written_once_and_brought_up_to_date(runs: Path) -> None:
    uri = f"sqlite:///{runs}/mlflow.db"
    assert [link.name for link in write_views(runs, EXPERIMENT)] == [
        "Rows",
        "Means over seeds",
        "AP against APr",
        "Difference",
    ]
    before = tags_of(uri)
    assert brought(uri, EXPERIMENT).problem is None and tags_of(uri) == before
    make_sweep(runs)
    assert known_links(runs, uri, EXPERIMENT) is None
    links = write_views(runs, EXPERIMENT)
    assert [link.place.partition("Key=longtail-")[2].partition("&")[0] for link in links] == IDS
    after = tags_of(uri)
    assert {name for name in after if "View" in name} == {
        f"mlflow.sharedViewState.longtail-{name}" for name in IDS
    }
    assert known_links(runs, uri, EXPERIMENT) == links == write_views(runs, EXPERIMENT)
    assert newest_experiment(uri) == EXPERIMENT


def test_descriptions_have_links_and_the_rows_by_falling_ap(tmp_path: Path) -> None:
    # Its artifacts are its own.
    runs = tmp_path
    make_grid(runs)
    uri = f"sqlite:///{runs}/mlflow.db"
    client = MlflowClient(uri)
    (grid,) = Experiment(uri, EXPERIMENT).runs("tags.`longtail.kind` = 'grid'")
    report = runs / "report.html"
    report.write_text("<!doctype html>")
    client.log_artifact(grid.id, str(report))
    first, *_ = write_views(runs, EXPERIMENT)
    assert first.name == "Report" and f"/runs/{grid.id}/artifacts/report.html?" in first.place
    notes = [tags_of(uri)["mlflow.note.content"]]
    notes.append(client.get_run(grid.id).data.tags["mlflow.note.content"])
    for text in notes:
        lines = text.splitlines()
        assert lines[0].startswith(f"**Open:** [Report]({first.place}) · [Rows](#/experiments/")
        assert "eql\\_rfs\\_calibrated seed 2" in lines[6]
        assert "| 26.50 | 25.75 to 27.25 | 14.00 | 25.50 | 30.50 | 28.00 |" in lines[6]
        assert len(lines) == 6 + 12


def test_rows_of_earlier_versions_get_the_tag_of_means(runs: Path) -> None:
    uri = f"sqlite:///{runs}/mlflow.db"
    client, there = MlflowClient(uri), Experiment(uri, EXPERIMENT)
    (row,) = there.runs("attributes.run_name = 'eql seed 1'")
    client.delete_tag(row.id, "longtail.variant_name")
    write_views(runs, EXPERIMENT)
    assert client.get_run(row.id).data.tags["longtail.variant_name"] == "eql"


@pytest.mark.parametrize("version", ["3.14.2", "4.0.0", None])
def test_other_versions_of_mlflow_get_a_plain_link(
    runs: Path, version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Experiment, "version", lambda _: version)
    uri = f"sqlite:///{runs}/mlflow.db"
    written = brought(uri, EXPERIMENT)
    assert written.problem is not None and (version or "does not tell") in written.problem
    (link,) = written.links
    assert "searchFilter=tags.%60longtail.kind%60%20%3D%20%27evaluation%27" in link.place
    assert not [name for name in tags_of(uri) if "View" in name]


def test_an_unknown_experiment_is_told_with_those_that_there_are(runs: Path) -> None:
    with pytest.raises(BadInputError, match=f"called 'other'; there are .*'{EXPERIMENT}'"):
        brought(f"sqlite:///{runs}/mlflow.db", "other")


def test_at_the_end_of_a_grid_trouble_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert write_views(tmp_path, "none") == []
    assert "MLflow's views of 'none' were not written" in caplog.text
    assert "MLflow has no store there" in caplog.text


def test_writing_needs_no_drawing() -> None:
    code = "import sys, dashboards.views.write; print({'altair', 'mlflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
