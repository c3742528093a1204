"""The tables of the reports as variants, one module a report; and where sweeps start."""

from experiments.variants import (
    alibaba_2020,
    alibaba_2020_r50,
    alibaba_2020_test_time,
    calibration_2019,
    calibration_2019_backbones,
    calibration_2019_cascades,
    eql_2019,
    eql_2019_challenge,
    heads,
    lvistraveler_2020,
    lvistraveler_2020_r50,
    sweeps,
    test_time,
)
from experiments.variants.merge import Merge
from longtail.config.variant import Variant

REPORTS = (
    eql_2019,
    eql_2019_challenge,
    calibration_2019,
    calibration_2019_cascades,
    calibration_2019_backbones,
    alibaba_2020_r50,
    alibaba_2020,
    alibaba_2020_test_time,
    lvistraveler_2020_r50,
    lvistraveler_2020,
    test_time,
    sweeps,
    heads,
)

VARIANTS: dict[str, Variant] = {
    name: variant for report in REPORTS for name, variant in report.VARIANTS.items()
}
"""Every variant by name, at the scale of its report."""

MERGES: dict[str, Merge] = {
    name: merge for report in REPORTS for name, merge in getattr(report, "MERGES", {}).items()
}
"""Rows that are merges of variants."""

TABLES: dict[str, tuple[str, ...]] = {
    name: rows for report in REPORTS for name, rows in report.TABLES.items()
}
"""The ablation tables: their rows are names of variants and merges."""
