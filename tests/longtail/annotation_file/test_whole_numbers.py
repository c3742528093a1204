from longtail.annotation_file.whole_numbers import with_whole_numbers


def test_whole_floats_of_fields_and_lists_become_integers() -> None:
    record = {"id": 139.0, "area": 2.5, "neg_category_ids": [3.0, 4], "name": "5.0", "x": None}
    mended = with_whole_numbers(record)
    assert mended == {"id": 139, "area": 2.5, "neg_category_ids": [3, 4], "name": "5.0", "x": None}
    assert type(mended["id"]) is type(mended["neg_category_ids"][0]) is int


def test_runs_become_integers_and_points_of_polygons_stay() -> None:
    mended = with_whole_numbers(
        {"segmentation": {"size": [4.0, 5.0], "counts": [3.0, 17.0]}, "rings": [[1.0, 2.0]]}
    )
    assert str(mended["segmentation"]) == "{'size': [4, 5], 'counts': [3, 17]}"
    assert str(mended["rings"]) == "[[1.0, 2.0]]"


def test_floats_that_stand_for_several_whole_numbers_stay() -> None:
    mended = with_whole_numbers({"exact": 2.0**53, "rounded": 2.0**53 + 2, "huge": 1e300})
    assert [type(value) for value in mended.values()] == [int, float, float]
