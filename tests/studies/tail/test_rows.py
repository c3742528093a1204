"""The rows of the study of the tail."""

from docs.studies.tail.rows import PAIRS, study_rows
from longtail.config.trunk import trunk_of


def test_compared_rows_exist_and_second_stages_start_from_the_softmax_row() -> None:
    rows = study_rows()
    assert {name for pair in PAIRS for name in pair} <= set(rows)
    first = rows["softmax"].stages[0]
    two = {name: row for name, row in rows.items() if len(row.stages) > 1}
    assert all(row.stages[0] == first for row in two.values())
    assert all(trunk_of(row.stages[1]) is not None for row in two.values())


def test_the_equalization_loss_of_rare_categories_spares_those_in_up_to_ten_images() -> None:
    spared = study_rows()["retrained_eql_rare"].stages[1].classifier
    assert 10 / 800 < spared.tail_frequency < 11 / 800
