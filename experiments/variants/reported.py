"""What the reports claim for the rows of their tables, to stand beside what a grid finds.

Mask AP on LVIS's validation split by each report's own schedule, data and, where a module says so,
a larger model; the modules of the reports have the rest of what they say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from longtail.metrics import GROUP_METRICS


@dataclass(frozen=True)
class ReportedTable:
    """A table of a report.

    Attributes:
        source: Report, table and data, for people.
        points: Values of its rows as printed: AP, APr, APc, APf, or AP alone.
    """

    source: str
    points: Mapping[str, tuple[float, ...]]

    def row(self, name: str) -> dict[str, str | float]:
        """Its source, and its fractions by metric."""
        metrics = zip(GROUP_METRICS, self.points[name], strict=False)
        return {"source": self.source, **{key: round(of / 100, 5) for key, of in metrics}}


def _eql(number: int) -> str:
    return f"report 003 (EQL team 2019), Table {number}, LVIS v0.5 val"


def _calibration(number: int) -> str:
    return f"report 004 (classification calibration 2019), Table {number}, LVIS v0.5 val"


def _traveler(number: int) -> str:
    return f"report 000 (lvisTraveler 2020), Table {number}, LVIS v1 val"


_ALIBABA = "report 002 (Alibaba 2020), Table 1, LVIS v1 val"
_ALIBABA_VIEWS = "report 002 (Alibaba 2020), Table 2, LVIS v1 val, after pseudo-labels"
_STEPS = {
    "once": (36.9, 29.2, 36.4, 40.9),
    "views": (39.1, 29.8, 38.4, 43.9),
    "soft": (39.2, 30.2, 38.5, 44.1),
    "adaptive": (39.4, 30.3, 38.7, 44.2),
    "masks": (39.8, 30.4, 39.1, 44.7),
}

REPORTED = {
    "eql_2019_1": ReportedTable(
        _eql(1),
        {"softmax_r50": (20.8, 5.6, 21.5, 25.6), "sigmoid_r50": (20.1, 6.5, 19.9, 25.4)},
    ),
    "eql_2019_2": ReportedTable(
        _eql(2),
        {"sigmoid_r50": (20.1, 6.5, 19.9, 25.4), "eql_r50": (22.8, 10.1, 25.0, 25.1)},
    ),
    "eql_2019_3": ReportedTable(
        _eql(3),
        {
            "sigmoid_r50": (20.1, 6.5, 19.9, 25.4),
            "sigmoid_rfs_r50": (21.3, 12.2, 21.5, 24.7),
            "eql_r50": (22.8, 10.1, 25.0, 25.1),
            "eql_rfs_r50": (23.3, 15.3, 24.8, 24.5),
        },
    ),
    "eql_2019_3_coco": ReportedTable(
        _eql(3),
        {
            "eql_coco_r50": (23.9, 11.7, 26.0, 26.1),
            "eql_rfs_coco_r50": (25.2, 17.9, 26.8, 26.2),
        },
    ),
    "eql_2019_3_coco_ignore": ReportedTable(
        _eql(3), {"eql_coco_ignore_r50": (23.5, 14.8, 25.0, 25.2)}
    ),
    "calibration_2019_2": ReportedTable(
        _calibration(2), {"mrcnn_r50_thr": (13.1,), "mrcnn_r50": (18.0,)}
    ),
    "calibration_2019_6": ReportedTable(
        _calibration(6),
        {
            "mrcnn_r50": (18.0,),
            "rhead_only": (18.4,),
            "rhead_avg": (20.3,),
            "rhead_det": (19.8,),
            "rhead_cat": (21.1,),
            "rhead_cat_thr": (20.9,),
            "rhead_cat_scale": (21.0,),
        },
    ),
    "calibration_2019_8": ReportedTable(
        _calibration(8),
        {"mrcnn_r50": (18.0,), "img_sample_r50": (22.0,), "rhead_cat": (21.3,)},
    ),
    "calibration_2019_5": ReportedTable(
        _calibration(5), {"cascade_x101": (25.9,), "htc_x101": (29.3,)}
    ),
    "calibration_2019_7": ReportedTable(
        _calibration(7), {"htc_x101": (29.4,), "htc_x101_rhead_cat": (29.8,)}
    ),
    "calibration_2019_11": ReportedTable(_calibration(11), {"htc_x50": (24.0,)}),
    "calibration_2019_11_coco": ReportedTable(_calibration(11), {"htc_x50_coco": (25.3,)}),
    "calibration_2019_11_semantic": ReportedTable(_calibration(11), {"htc_x50_semantic": (26.4,)}),
    "calibration_2019_7_ms_dcn": ReportedTable(
        _calibration(7), {"htc_x101_ms_dcn": (31.9,), "htc_x101_ms_dcn_rhead_cat": (32.1,)}
    ),
    "calibration_2019_8_ms_dcn": ReportedTable(
        _calibration(8),
        {
            "htc_x101_ms_dcn": (31.9,),
            "htc_x101_ms_dcn_rfs": (31.9,),
            "htc_x101_ms_dcn_rhead_cat": (32.1,),
        },
    ),
    "calibration_2019_9": ReportedTable(
        _calibration(9),
        {
            "htc_x101_ms_dcn": (31.9,),
            "htc_x101_32d_ms_dcn": (31.4,),
            "htc_x101_ms_dcn_cos": (30.7,),
            "htc_r101_ms_dcn": (30.0,),
        },
    ),
    "calibration_2019_9_ensemble": ReportedTable(
        f"{_calibration(9)}; its calibrated network stands in Table 8",
        {
            "htc_x101_ms_dcn_rhead_cat": (32.1,),
            "htc_x101_32d_ms_dcn": (31.4,),
            "htc_x101_ms_dcn_cos": (30.7,),
            "htc_r101_ms_dcn": (30.0,),
            "ensemble_with_calibration": (34.2,),
        },
    ),
    "eql_2019_4": ReportedTable(
        _eql(4),
        {"eql_x101": (30.1, 19.3, 31.8, 32.3), "eql_se154": (30.8, 19.7, 32.2, 33.4)},
    ),
    "eql_2019_4_ensemble": ReportedTable(
        _eql(4),
        {
            "eql_x101": (30.1, 19.3, 31.8, 32.3),
            "eql_se154": (30.8, 19.7, 32.2, 33.4),
            "rescoring_experts": (35.1, 24.8, 37.5, 36.3),
        },
    ),
    "eql_2019_4_openimages": ReportedTable(
        _eql(4), {"eql_se154_openimages": (31.4, 21.5, 33.1, 33.3)}
    ),
    "lvistraveler_2020_1": ReportedTable(
        _traveler(1),
        {
            "traveler_baseline": (19.2, 1.1, 17.0, 29.5),
            "traveler_da": (20.3, 1.9, 18.8, 29.9),
            "traveler_eql": (22.4, 5.2, 22.6, 29.6),
            "traveler_rfs": (26.2, 17.1, 26.2, 30.2),
            "traveler_htc": (28.8, 19.2, 29.1, 32.8),
            "traveler_s101": (32.0, 20.6, 32.8, 36.3),
            "traveler_tricks": (33.2, 23.7, 33.7, 36.8),
        },
    ),
    "lvistraveler_2020_2": ReportedTable(
        _traveler(2),
        {
            "traveler_tricks": (33.2, 23.7, 33.7, 36.8),
            "traveler_ms": (33.9, 23.3, 34.3, 38.0),
            "traveler_gs": (34.7, 26.6, 34.8, 38.1),
            "traveler_gs_hm": (36.1, 28.8, 35.8, 39.8),
        },
    ),
    "lvistraveler_2020_2_r50": ReportedTable(
        f"{_traveler(2)}, a hybrid task cascade with ResNeSt101",
        {
            "traveler_r50": (33.2, 23.7, 33.7, 36.8),
            "traveler_ms_r50": (33.9, 23.3, 34.3, 38.0),
            "traveler_gs_r50": (34.7, 26.6, 34.8, 38.1),
            "traveler_gs_hm_r50": (36.1, 28.8, 35.8, 39.8),
        },
    ),
    "alibaba_2020_1": ReportedTable(
        _ALIBABA,
        {
            "alibaba_se154": (33.4, 17.3, 33.2, 40.6),
            "alibaba_bgs_se154": (35.1, 22.7, 34.8, 40.7),
            "alibaba_double_se154": (35.4, 24.6, 34.9, 40.7),
            "alibaba_mosaic_se154": (36.8, 27.7, 36.7, 41.0),
        },
    ),
    "alibaba_2020_1_unlabelled": ReportedTable(
        _ALIBABA, {"alibaba_unlabelled_se154": (36.9, 29.2, 36.4, 40.9)}
    ),
    "alibaba_2020_1_r50": ReportedTable(
        f"{_ALIBABA}, a hybrid task cascade with SENet154",
        {
            "alibaba_r50": (33.4, 17.3, 33.2, 40.6),
            "alibaba_bgs_r50": (35.1, 22.7, 34.8, 40.7),
            "alibaba_double_r50": (35.4, 24.6, 34.9, 40.7),
            "alibaba_mosaic_r50": (36.8, 27.7, 36.7, 41.0),
        },
    ),
    "alibaba_2020_2": ReportedTable(
        _ALIBABA_VIEWS, {f"alibaba_{step}_se154": of for step, of in _STEPS.items()}
    ),
    "alibaba_2020_2_r50": ReportedTable(
        f"{_ALIBABA_VIEWS}, a hybrid task cascade with SENet154",
        {f"alibaba_{step}_r50": of for step, of in _STEPS.items()},
    ),
    "eql_2019_4_test_time": ReportedTable(
        f"{_eql(4)}; views after OpenImages, masks after expert models",
        {
            "eql_se154": (30.8, 19.7, 32.2, 33.4),
            "eql_views_se154": (32.3, 20.5, 34.7, 34.2),
            "eql_masks_se154": (36.4, 25.5, 38.6, 38.1),
        },
    ),
    "lvistraveler_2020_test_time": ReportedTable(
        "report 000 (lvisTraveler 2020), Tables 2 and 3, LVIS v1 val; the last after pseudo-labels",
        {
            "traveler_gs_hm": (36.1, 28.8, 35.8, 39.8),
            "traveler_views": (41.5, 30.0, 41.9, 46.0),
        },
    ),
    "alibaba_2020_1_unlabelled_r50": ReportedTable(
        f"{_ALIBABA}, a hybrid task cascade with SENet154",
        {"alibaba_unlabelled_r50": (36.9, 29.2, 36.4, 40.9)},
    ),
}
"""By the name of the table in `TABLES`."""


def report_order(source: str) -> list[str]:
    """The rows of a report's table, which may be several of ours, in its order.

    Args:
        source: As `ReportedTable` has it.
    """
    return list(
        dict.fromkeys(row for of in REPORTED.values() if of.source == source for row in of.points)
    )


def reported_rows(
    variants: Iterable[str], table: str | None = None
) -> dict[str, dict[str, str | float]]:
    """What is claimed for variants that are rows of a report's table; the others are left out.

    Args:
        variants: Their names.
        table: The one whose numbers are wanted; others stand in for rows that it lacks, before all
            the one that has the most of them.

    Returns:
        By variant: `source`, then fractions by metric.
    """
    names = list(variants)
    most_first = sorted(REPORTED.values(), key=lambda of: -len(of.points.keys() & {*names}))
    tables = [REPORTED[table], *most_first] if table in REPORTED else most_first
    holding = {name: [of for of in tables if name in of.points] for name in names}
    return {name: of[0].row(name) for name, of in holding.items() if of}
