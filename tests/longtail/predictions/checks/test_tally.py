from longtail.predictions.checks.tally import FaultTally


def test_a_few_records_are_kept_and_all_are_counted() -> None:
    tally = FaultTally()
    for i in range(25):
        tally.add("score", "is high", [f"record {i}"])
    tally.add("score", "is high", ["record 25", "record 26"], count=75)
    [problem] = tally.problems()
    assert problem.offenders == tuple(f"record {i}" for i in range(5))
    assert problem.count == 100
    assert tally.counts() == {"score: is high": 100}


def test_no_record_is_no_fault() -> None:
    tally = FaultTally()
    tally.add("score", "is high", [], count=0)
    assert not tally and tally.problems() == []


def test_a_part_of_a_field_has_the_remedy_of_the_field() -> None:
    tally = FaultTally()
    tally.add("segmentation.size", "is swapped", ["record 1"])
    tally.add("segmentation.size", "is odd", ["record 1"], remedy="do better")
    assert ["RLE" in p.remedy for p in tally.problems()] == [True, False]
