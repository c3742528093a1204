"""What a node was made with: versions of the libraries, and the commit of the sources."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

LIBRARIES = (
    "longtail", "torch", "torchvision", "timm", "ray", "mlflow", "hotcoco", "numpy", "pycocotools",
)  # fmt: skip


def provenance() -> dict[str, Any]:
    """Versions by library, and the git commit ("unknown" outside a checkout, "+" if changed)."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES if _installed(name)}
    return {"versions": {"python": platform.python_version(), **versions}, "git": git_commit()}


def git_commit() -> str:
    """The commit of the sources that run, with a trailing + when files differ from it."""
    folder = Path(__file__).parent
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return "unknown"
    return commit + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
