"""Made-up diagnoses in the form of the real files, whose parts agree with each other."""

from typing import Any

import numpy as np

from longtail.categories import FREQUENCY_GROUPS
from longtail.metrics import UNDEFINED

GROUPS = ("all", *FREQUENCY_GROUPS)
TYPES = ("localisation", "classification", "duplicate", "background", "both")
OBJECTS = {"r": 400, "c": 4_000, "f": 45_000}


def made_diagnosis(seed: int = 0, without: str = "") -> dict[str, Any]:
    """A tree like that of `diagnosis.json`.

    Args:
        seed: Of the numbers.
        without: Letters of groups that have neither an object nor a detection.
    """
    random = np.random.default_rng(seed)
    objects = {letter: 0 if letter in without else OBJECTS[letter] for letter in FREQUENCY_GROUPS}
    right, wrong = {}, {}
    for letter, number in objects.items():
        right[letter] = np.round(0.4 * number * _shares(random, 4, 2)).astype(int)
        wrong[letter] = np.round(2.5 * number * _shares(random, 1, 4)).astype(int)
    right["all"], wrong["all"] = (sum(of.values()) for of in (right, wrong))
    errors = _errors(random, wrong, objects)
    matrix = _matrix(objects, errors)
    return {
        "kind": "segm",
        "iou_threshold": 0.5,
        "counts": {
            "detections": 200_000,
            "within_cap": 200_000,
            "unjudged": 200_000 - int(right["all"].sum() + wrong["all"].sum()),
            "judged": int(right["all"].sum() + wrong["all"].sum()),
            "right": int(right["all"].sum()),
            "wrong": int(wrong["all"].sum()),
            "neither": 0,
            "objects": sum(objects.values()),
        },
        "confusion": {
            "matrix": matrix,
            "same_category": {
                letter: int(0.8 * matrix[i][i]) for i, letter in enumerate(FREQUENCY_GROUPS)
            },
            "pairs": [_pair(number, 500 - 20 * number) for number in range(20)],
        },
        "errors": errors,
        "ap_gain": _gains(random, objects),
        "ap_loss": _losses(random, objects),
        "calibration": {group: _calibration(right[group], wrong[group]) for group in GROUPS},
        "scores": {
            group: {"right": _scores(right[group]), "wrong": _scores(wrong[group])}
            for group in GROUPS
        },
        "warnings": [],
    }


def _shares(random: np.random.Generator, a: float, b: float) -> Any:
    counts, _ = np.histogram(random.beta(a, b, 5000), 20, (0, 1))
    return counts / counts.sum()


def _errors(random: np.random.Generator, wrong: Any, objects: Any) -> dict[str, dict[str, int]]:
    errors: dict[str, dict[str, int]] = {name: {} for name in (*TYPES, "missed")}
    for letter in FREQUENCY_GROUPS:
        shares = random.dirichlet([3, 2, 0.5, 6, 1])
        of_group = random.multinomial(int(wrong[letter].sum()), shares).tolist()
        for name, number in zip(TYPES, of_group, strict=True):
            errors[name][letter] = number
        errors["missed"][letter] = int(0.2 * objects[letter])
    for of_type in errors.values():
        of_type["all"] = sum(of_type.values())
    return errors


def _matrix(objects: dict[str, int], errors: dict[str, dict[str, int]]) -> list[list[int]]:
    rows = []
    for place, number in enumerate(objects.values()):
        row = [int(number * share) for share in (0.05, 0.1, 0.15)]
        row[place] += int(0.4 * number)
        rows.append([*row, number - sum(row)])
    return [*rows, [*(errors["background"][letter] for letter in FREQUENCY_GROUPS), 0]]


def _pair(number: int, count: int) -> dict[str, Any]:
    return {
        "object_id": number + 1,
        "object_name": f"object_{number}",
        "object_group": "rcf"[number % 3],
        "detected_id": number + 101,
        "detected_name": f"taken_for_{number}",
        "detected_group": "fcr"[number % 3],
        "count": count,
    }


def _gains(random: np.random.Generator, objects: dict[str, int]) -> dict[str, dict[str, float]]:
    return {name: _by_group(random.uniform(0, 0.15, 4), objects) for name in (*TYPES, "missed")}


def _losses(random: np.random.Generator, objects: dict[str, int]) -> dict[str, dict[str, float]]:
    ap, places, categories = (random.uniform(0.1, 0.3, 4) for _ in range(3))
    together = places + 0.8 * categories
    losses = {
        "AP": ap,
        "localisation": places,
        "classification": categories,
        "together": together,
        "rest": 1 - ap - together,
    }
    return {name: _by_group(values, objects) for name, values in losses.items()}


def _by_group(values: Any, objects: dict[str, int]) -> dict[str, float]:
    there = [True, *(number > 0 for number in objects.values())]
    return {
        group: float(value) if has else UNDEFINED
        for group, value, has in zip(GROUPS, values, there, strict=True)
    }


def _calibration(right: Any, wrong: Any) -> dict[str, Any]:
    ups, downs = right.reshape(10, 2).sum(1), wrong.reshape(10, 2).sum(1)
    bins, error, total = [], 0.0, int((ups + downs).sum())
    for number, (up, down) in enumerate(zip(ups.tolist(), downs.tolist(), strict=True)):
        count, mean = up + down, number / 10 + 0.05
        precision = up / count if count else UNDEFINED
        error += abs(precision - mean) * count
        bins.append(
            {
                "low": number / 10,
                "count": count,
                "mean_score": mean if count else UNDEFINED,
                "precision": precision,
            }
        )
    return {"error": error / total if total else UNDEFINED, "bins": bins}


def _scores(counts: Any) -> dict[str, Any]:
    middle = [0.1, 0.3, 0.5, 0.7, 0.9] if counts.sum() else []
    return {"count": int(counts.sum()), "quantiles": middle, "histogram": counts.tolist()}
