"""How far a training is, by hand-written journals."""

from pathlib import Path

from support.dashboards.made_grid_in_motion import BEGAN, append, started, step

from dashboards.live.tail import Tail
from dashboards.live.training import MOST_LOSSES, TrainingState, TrainingWatch


def watch(path: Path) -> TrainingWatch:
    return TrainingWatch(Tail(path))


def state_of(watched: TrainingWatch) -> TrainingState:
    state = watched.state()
    assert state is not None
    return state


def test_a_training_that_did_not_start_is_not_known(tmp_path: Path) -> None:
    assert watch(tmp_path / "none").state() is None


def test_speed_and_time_left_are_those_of_the_last_lines(tmp_path: Path) -> None:
    path = append(tmp_path, "n", started(100))
    training = watch(path)
    state = state_of(training)
    assert (state.iteration, state.iterations, state.loss, state.eta_seconds) == (
        0,
        100,
        None,
        None,
    )
    append(tmp_path, "n", step(10, 2.0, BEGAN + 20), step(20, 1.0, BEGAN + 40))
    state = state_of(training)
    assert (state.iteration, state.loss, state.losses) == (20, 1.0, (2.0, 1.0))
    assert state.eta_seconds == 160.0 and state.images_per_second == 8.0
    assert state.last == BEGAN + 40


def test_an_attempt_begins_where_the_last_checkpoint_was(tmp_path: Path) -> None:
    path = append(tmp_path, "n", started(100), step(30, 2.0, BEGAN + 30))
    training = watch(path)
    state_of(training)
    append(tmp_path, "n", started(100, step=20, at=BEGAN + 500, attempt=2))
    state = state_of(training)
    assert (state.iteration, state.attempt, state.eta_seconds) == (20, 2, None)
    append(tmp_path, "n", step(30, 1.5, BEGAN + 520))
    assert state_of(training).eta_seconds == 140.0


def test_losses_of_a_long_training_are_thinned_out_evenly(tmp_path: Path) -> None:
    number = 8 * MOST_LOSSES
    lines = [step(n + 1, float(n), BEGAN + n) for n in range(number)]
    state = state_of(watch(append(tmp_path, "n", started(number), *lines)))
    assert MOST_LOSSES <= len(state.losses) < 2 * MOST_LOSSES
    assert sum(state.losses) / len(state.losses) == (number - 1) / 2
    assert list(state.losses) == sorted(state.losses)


def test_a_line_that_was_damaged_is_told(tmp_path: Path) -> None:
    broken = step(10, 2.0, BEGAN).replace(b"2.0", b"3.0")
    state = state_of(watch(append(tmp_path, "n", started(100), broken, step(20, 1.0, BEGAN + 5))))
    assert state.damaged == (2,) and state.losses == (1.0,)
