"""The promises of the source tree: who may import whom, and where heavy libraries may appear."""

import ast
import platform
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.places import ROOT

BASE = {
    "longtail.annotation_file",
    "longtail.array_store",
    "longtail.categories",
    "longtail.files",
    "longtail.journal",
    "longtail.metrics",
    "longtail.packed",
    "longtail.problems",
    "longtail.progress",
    "longtail.randomness",
    "longtail.sealed",
    "longtail.sealed_arrays",
}
COMMANDS = {
    "longtail.commands",
    "longtail.caches",
    "longtail.own_files",
    "longtail.path_options",
    "longtail.printed_table",
}

MAY_IMPORT: dict[str, set[str]] = {
    "longtail.problems": set(),
    "longtail.files": set(),
    "longtail.metrics": set(),
    "longtail.progress": set(),
    "longtail.randomness": set(),
    "longtail.sealed": {"longtail.files", "longtail.problems"},
    "longtail.sealed_arrays": {"longtail.files", "longtail.sealed"},
    "longtail.journal": {"longtail.problems", "longtail.sealed"},
    "longtail.array_store": {"longtail.files", "longtail.sealed"},
    "longtail.caches": set(),
    "longtail.commands": {"longtail.caches", "longtail.problems"},
    "longtail.own_files": set(),
    "longtail.path_options": {"longtail.own_files"},
    "longtail.printed_table": set(),
    "longtail.packed": {"longtail.problems"},
    "longtail.annotation_file": {"longtail.packed", "longtail.problems", "longtail.rle"},
    "longtail.categories": {"longtail.annotation_file", "longtail.problems"},
    "longtail.config": set(),
    "longtail.rle": {"longtail.problems"},
    "longtail.locks": set(),
    "longtail.tracking": COMMANDS
    | {"longtail.files", "longtail.locks", "longtail.problems", "longtail.sealed"},
    "longtail.ray_cluster": COMMANDS | {"longtail.files"},
    "longtail.search": COMMANDS | {"longtail.journal", "longtail.problems", "longtail.sealed"},
    "longtail.predictions": BASE | {"longtail.rle"},
    "longtail.data": BASE | COMMANDS | {"longtail.locks", "longtail.rle", "longtail.config"},
    "longtail.losses": set(),
    "longtail.models": COMMANDS
    | {
        "longtail.categories",
        "longtail.files",
        "longtail.losses",
        "longtail.config",
        "longtail.problems",
    },
    "longtail.engines": BASE | {"longtail.models", "longtail.data", "longtail.config"},
    "longtail.evaluation": BASE
    | COMMANDS
    | {"longtail.data.lvis", "longtail.predictions", "longtail.rle", "longtail.tracking"},
    "longtail.training": BASE
    | {
        "longtail.engines",
        "longtail.models",
        "longtail.data",
        "longtail.evaluation",
        "longtail.tracking",
        "longtail.config",
    },
    "longtail.inference": BASE
    | {
        "longtail.engines",
        "longtail.models",
        "longtail.data",
        "longtail.predictions",
        "longtail.rle",
        "longtail.config",
        "longtail.training.checkpoints",
        # Views compete for an image's places by the margins that a merge has.
        "longtail.evaluation.margins",
    },
    "longtail.cluster": BASE
    | COMMANDS
    | {
        "longtail.training",
        "longtail.data",
        "longtail.engines",
        "longtail.inference",
        "longtail.evaluation",
        "longtail.models",
        "longtail.predictions",
        "longtail.tracking",
        "longtail.ray_cluster",
        "longtail.config",
        "longtail.locks",
    },
    "longtail.results": {
        "longtail.cluster.results",
        "longtail.config",
        "longtail.files",
        "longtail.metrics",
        "longtail.problems",
    },
    "longtail.sweep": BASE
    | COMMANDS
    | {"longtail.locks", "longtail.tracking"}
    | {"longtail.cluster", "longtail.config", "longtail.evaluation", "longtail.inference"}
    | {"longtail.data.joining", "longtail.data.semantic"}
    | {"longtail.predictions", "longtail.ray_cluster"}
    | {"longtail.search", "longtail.training"},
    "ensemble": BASE
    | COMMANDS
    | {
        "longtail.data.lvis.exhaustive_option",
        "longtail.rle",
        "longtail.predictions",
        "longtail.evaluation",
        "longtail.tracking",
        "longtail.ray_cluster",
        "longtail.search",
        "longtail.config",
        "longtail.results",
    },
    "experiments": BASE
    | COMMANDS
    | {"longtail.config", "longtail.cluster", "longtail.tracking", "longtail.data"}
    | {"longtail.predictions", "longtail.results", "longtail.sweep", "ensemble.sources"}
    # Rows of a table may be merges of others.
    | {"ensemble.rows"},
    "dashboards": BASE
    | COMMANDS
    | {"longtail.config", "longtail.cluster", "longtail.data", "longtail.evaluation"}
    | {"longtail.predictions", "longtail.results", "longtail.rle", "longtail.search"}
    | {"longtail.locks", "longtail.sweep", "longtail.tracking", "longtail.training", "ensemble"},
}
"""A package or module imports those beside it, and itself."""

SHOWS: tuple[str, ...] = (
    "ensemble.merge_job",
    "ensemble.tuning.job",
    "experiments.grid",
    "experiments.sweep",
    "longtail.cluster.telemetry",
    "longtail.evaluation.__main__",
)
"""Commands that show what they found: they alone import `dashboards`, inside of a function."""

BESIDE: dict[str, set[str]] = {
    "ensemble.sources": set(),
    "ensemble.fusion": {"ensemble.sources"},
    "ensemble.fusion.methods": {
        "ensemble.fusion.choices",
        "ensemble.fusion.nms",
        "ensemble.fusion.soft_nms",
        "ensemble.fusion.sorted_rows",
        "ensemble.fusion.wbf",
    },
    "ensemble.masks": {"ensemble.sources", "ensemble.fusion"},
    "ensemble.calibration": {"ensemble.sources", "ensemble.fusion"},
    "ensemble.merging": {
        "ensemble.sources",
        "ensemble.fusion",
        "ensemble.masks",
        "ensemble.calibration",
    },
    "ensemble.outputs": {"ensemble.sources", "ensemble.merging"},
    # The row that a merge is: what a merge does, and halves as a search has them.
    "ensemble.rows": {
        "ensemble.sources",
        "ensemble.fusion",
        "ensemble.calibration",
        "ensemble.merging",
        "ensemble.outputs",
        "ensemble.tuning.split",
    },
    # A selection judges as the trials of a search do, and reports on the other half like one.
    "ensemble.selection": {
        "ensemble.sources",
        "ensemble.calibration",
        "ensemble.merging",
        "ensemble.outputs",
        "ensemble.tuning",
    },
    "ensemble.tuning.objective": {
        "ensemble.sources",
        "ensemble.fusion",
        "ensemble.masks",
        "ensemble.calibration",
        "ensemble.merging",
    },
    "longtail.data.lvis": set(),
    "longtail.data.sampling": {"longtail.data.joining", "longtail.data.lvis"},
    "longtail.data.pictures": {"longtail.data.lvis"},
    "longtail.data.checking": {"longtail.data.lvis", "longtail.data.pictures"},
    "longtail.data.joining": {"longtail.data.lvis", "longtail.data.pictures"},
    "longtail.data.semantic": {"longtail.data.lvis", "longtail.data.pictures"},
    "longtail.data.loading": {
        "longtail.data.joining",
        "longtail.data.semantic",
        "longtail.data.lvis",
        "longtail.data.sampling",
        "longtail.data.pictures",
    },
    "longtail.data.preview": {
        "longtail.data.joining",
        "longtail.data.loading",
        "longtail.data.lvis",
        "longtail.data.semantic",
    },
    "longtail.data.synthetic": set(),
    "longtail.data.convert": {
        "longtail.data.checking",
        "longtail.data.lvis",
        "longtail.data.pictures",
    },
    "longtail.evaluation.annotations": {"longtail.evaluation.protocol"},
    "longtail.evaluation.matching": {
        "longtail.evaluation.protocol",
        "longtail.evaluation.workers",
        "longtail.evaluation.annotations",
    },
    "longtail.evaluation.metrics": {
        "longtail.evaluation.protocol",
        "longtail.evaluation.annotations",
        "longtail.evaluation.matching",
    },
    "longtail.evaluation.uncertainty": {
        "longtail.evaluation.protocol",
        "longtail.evaluation.metrics",
    },
    "longtail.evaluation.diagnosis": {
        "longtail.evaluation.protocol",
        "longtail.evaluation.annotations",
        "longtail.evaluation.matching",
        "longtail.evaluation.metrics",
    },
    "longtail.sweep.search": {
        "longtail.sweep.request",
        "longtail.sweep.trial",
        "longtail.sweep.layout",
    },
    "longtail.sweep.driver": {
        "longtail.sweep.request",
        "longtail.sweep.trial",
        "longtail.sweep.cost",
        "longtail.sweep.journal",
        "longtail.sweep.search",
    },
    "longtail.sweep.analysis": {
        "longtail.sweep.request",
        "longtail.sweep.trial",
        "longtail.sweep.settings",
        "longtail.sweep.search",
    },
    "longtail.cluster.nodes": set(),
    "longtail.cluster.pool": {"longtail.cluster.nodes"},
    "longtail.cluster.results": {"longtail.cluster.nodes"},
    "longtail.cluster.costs": {"longtail.cluster.nodes", "longtail.cluster.work"},
    "longtail.cluster.soups": {
        "longtail.cluster.nodes",
        "longtail.cluster.results",
        "longtail.cluster.trained",
    },
    "longtail.cluster.work": {
        "longtail.cluster.nodes",
        "longtail.cluster.pool",
        "longtail.cluster.results",
    },
    "longtail.models.weights": set(),
    "longtail.inference.tta": {
        "longtail.inference.columns",
        "longtail.inference.dropped_rows",
        "longtail.inference.flip",
        "longtail.inference.shard",
    },
    "experiments.variants": set(),
    "experiments.commands.grid": {"experiments.commands", "experiments.variants"},
}
"""What a package inside of another one imports of it, besides itself."""

MOST_FILES = 17

ONLY_IN: dict[str, tuple[str, ...]] = {
    "ray": (
        "longtail.ray_cluster",
        "longtail.cluster",
        "longtail.search.sampler",
        "longtail.search.tuner",
        "longtail.sweep.search",
        "ensemble.merging.ray_workers",
    ),
    "mlflow": ("longtail.tracking",),
    "altair": ("dashboards",),
    "vl_convert": ("dashboards",),
    "detectron2": ("longtail.engines.detectron2",),
    "torch": (
        "longtail.data.loading",
        "longtail.losses",
        "longtail.models",
        "longtail.engines",
        "longtail.training",
        "longtail.inference",
        "longtail.cluster",
    ),
}
"""Libraries that only these places may import, at any depth of a file."""

OURS = ("longtail", "ensemble", "experiments", "dashboards")


def sources() -> dict[str, Path]:
    """Every module of the project by dotted name."""
    found = {}
    for root, packages in (
        (ROOT / "platform", ["longtail"]),
        (ROOT, ["ensemble", "experiments", "dashboards"]),
    ):
        for package in packages:
            for path in (root / package).rglob("*.py"):
                parts = path.relative_to(root).with_suffix("").parts
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_platform_folder_does_not_shadow_the_standard_library() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert platform.__file__ is not None
    assert Path(platform.__file__).is_relative_to(sys.base_prefix)


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_imports_point_one_way(package: str) -> None:
    modules = {name: path for name, path in sources().items() if within(name, package)}
    assert modules, f"no file of {package} was found"
    allowed = MAY_IMPORT[package] | {package}
    for name, path in modules.items():
        ours = {word for word in imports(path) if word.split(".")[0] in OURS}
        if name in SHOWS:
            ours = {word for word in ours if not within(word, "dashboards")}
        wrong = {word for word in ours if not any(within(word, place) for place in allowed)}
        assert not wrong, f"{name} imports {sorted(wrong)}"


@pytest.mark.parametrize("package", sorted(BESIDE))
def test_packages_inside_of_one_point_one_way(package: str) -> None:
    modules = {name: path for name, path in sources().items() if within(name, package)}
    assert modules, f"no file of {package} was found"
    whole = whole_of(package)
    allowed = BESIDE[package] | {package}
    for name, path in modules.items():
        beside = {word for word in imports(path) if within(word, whole)}
        wrong = {word for word in beside if not any(within(word, place) for place in allowed)}
        assert not wrong, f"{name} imports {sorted(wrong)}"


@pytest.mark.parametrize("name", SHOWS)
def test_commands_show_what_they_found_only_at_their_end(name: str) -> None:
    tree = ast.parse(sources()[name].read_text())
    first = {alias.name for of in tree.body if isinstance(of, ast.Import) for alias in of.names}
    first |= {of.module or "" for of in tree.body if isinstance(of, ast.ImportFrom)}
    assert not [word for word in first if within(word, "dashboards")]


def whole_of(package: str) -> str:
    """`ensemble`, `experiments`, or a package of `longtail`."""
    words = package.split(".")
    return ".".join(words[: 2 if words[0] == "longtail" else 1])


def test_folders_hold_few_files() -> None:
    held = Counter(path.parent for path in sources().values() if path.name != "__init__.py")
    held.update(path.parent for path in (ROOT / "tests").rglob("*.py"))
    many = {str(folder.relative_to(ROOT)): n for folder, n in held.items() if n > MOST_FILES}
    assert not many


def test_few_files_know_the_parameter_of_one_loss() -> None:
    named = [name for name, path in sources().items() if "tail_frequency" in path.read_text()]
    assert len(named) <= 8, named


def test_every_package_says_what_is_in_it() -> None:
    for name, path in sources().items():
        if path.name == "__init__.py":
            assert ast.get_docstring(ast.parse(path.read_text())), f"{name} has no docstring"


def test_every_module_is_in_the_table() -> None:
    outside = {
        name
        for name in sources()
        if name != "longtail" and not any(within(name, place) for place in MAY_IMPORT)
    }
    assert not outside


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_heavy_libraries_stay_behind_their_fences(library: str) -> None:
    for name, path in sources().items():
        if any(within(name, place) for place in ONLY_IN[library]):
            continue
        wrong = {word for word in imports(path) if within(word, library)}
        assert not wrong, f"{name} imports {sorted(wrong)}"


def test_no_module_imports_itself_in_a_circle() -> None:
    modules = sources()
    needs = {
        name: {other for word in imports(path) for other in modules if within(word, other)} - {name}
        for name, path in modules.items()
    }
    packages = {name for name, path in modules.items() if path.name == "__init__.py"}
    needs = {name: others - packages for name, others in needs.items()}
    done: set[str] = set()
    while len(done) < len(needs):
        ready = {name for name, others in needs.items() if name not in done and others <= done}
        assert ready, f"imports form a circle among {sorted(set(needs) - done)}"
        done |= ready


@pytest.mark.parametrize(
    "modules",
    [
        "experiments.variants",
        "longtail.annotation_file.decoding, longtail.data.lvis.reading.reader",
        "longtail.evaluation.lvis",
    ],
)
def test_these_import_without_torch_and_ray(modules: str) -> None:
    import subprocess

    code = f"import sys, {modules}; print({{'torch', 'ray'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
