"""Templates of HTML, which escape all that is put into them."""

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

TEMPLATES = "templates"
"""Their folder in the package."""


def template(name: str) -> Template:
    """One of them; a value that it needs and that is not given is an error."""
    environment = Environment(
        loader=PackageLoader("dashboards", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
