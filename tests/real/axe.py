"""Accessibility according to axe-core: every rule of WCAG 2.0 to 2.2, A and AA, and the best practices."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from tools.build_frontend import MODULES, install, only_one_build

_AXE = MODULES / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_STILL = """async () => {
  const trees = [document, ...[...document.querySelectorAll("*")].flatMap(part => part.shadowRoot ?? [])];
  await Promise.all(trees.flatMap(tree => tree.getAnimations()).map(animation => animation.finished));
}"""


def violations(page: Page, axe: Path = _AXE) -> list[str]:
    """axe's findings on the current page: rule, problem, and place."""
    with only_one_build():
        install(checks=True)
    # The page's policy lets no foreign script in; evaluate is not the page's.
    page.evaluate(f"() => {{ {axe.read_text(encoding='utf-8')}; window.axe = axe; }}")
    # What is still fading in has another contrast than it will have.
    page.evaluate(_STILL)
    result: dict[str, Any] = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", _TAGS)
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(str(node['target']) for node in rule['nodes'])}"
        for rule in result["violations"]
    ]
