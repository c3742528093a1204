"""When a finished grid may leave MLflow alone: a real store says whether it changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.settings import GridSettings, WorkerResources
from longtail.cluster.results.published import Published, found_published, note_published
from longtail.tracking.address import tracking_uri
from longtail.tracking.tracker import Tracker

WHOLE = Published(None, "2 in 'another'")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GridSettings:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return GridSettings(tmp_path, WorkerResources(1, 1.0, 0.0), None, 0, "longtail", "toy")


@pytest.fixture
def tracker(settings: GridSettings) -> Tracker:
    return Tracker(tracking_uri(settings.runs), settings.experiment, settings.runs / "artifacts")


def test_nothing_is_published_before_it_is_noted(
    plan: Plan, settings: GridSettings, tracker: Tracker
) -> None:
    assert not found_published(plan, settings)
    note_published(plan, settings, WHOLE)
    assert found_published(plan, settings) == replace(WHOLE, asked=False)


def test_a_store_that_changed_is_asked_again(
    plan: Plan, settings: GridSettings, tracker: Tracker
) -> None:
    note_published(plan, settings, WHOLE)
    tracker.open_grid("another", "by hand", {})
    assert not found_published(plan, settings)


def test_a_store_that_is_gone_is_made_again(
    plan: Plan, settings: GridSettings, tracker: Tracker
) -> None:
    note_published(plan, settings, WHOLE)
    (settings.runs / "mlflow.db").unlink()
    assert not found_published(plan, settings)


def test_another_name_or_experiment_is_published_anew(
    plan: Plan, settings: GridSettings, tracker: Tracker
) -> None:
    note_published(plan, settings, WHOLE)
    assert not found_published(plan, replace(settings, name="again"))
    assert not found_published(plan, replace(settings, experiment="other"))
    assert not found_published(Plan(plan.rows[:1], plan.data), settings)


def test_a_server_is_always_asked(
    plan: Plan, settings: GridSettings, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    note_published(plan, settings, WHOLE)
    assert not found_published(plan, settings)
    assert not (settings.runs / "published").exists()
