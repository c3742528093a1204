"""What axe-core finds wrong with a page for readers who see, hear or type otherwise."""

from importlib.resources import files
from typing import Any

from support.browser.browser import Browser

SECONDS = 240
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(browser: Browser) -> list[str]:
    """A line for each rule that the open page breaks, and where."""
    # It looks at each element, and other tests want the processor too.
    browser.driver.set_script_timeout(SECONDS)
    browser.run(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run({runOnly: arguments[0]}).then((of) => done(of.violations))",
        RULES,
    )
    return [f"{of['id']}: {[node['target'] for node in of['nodes'][:5]]}" for of in found]
