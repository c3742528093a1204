"""Text from the templates, in which all that is filled in is escaped."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

TEMPLATES = "templates"


def rendered(template: str, **values: Any) -> str:
    """A template with its values; what is markup already says so by `Markup`."""
    return _environment().get_template(template).render(**values)


def resource(name: str) -> str:
    """A script or style as it stands beside the templates."""
    return files("dashboards").joinpath(TEMPLATES, name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dashboards", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
