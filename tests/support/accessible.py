"""Accessibility faults that axe finds on a page, light and dark, wide and narrow."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from support.browser import settled

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"

IS_SHOWN_SO = (
    "([scheme, width]) => matchMedia(`(prefers-color-scheme: ${scheme})`).matches && innerWidth === width"
)


def serious(page: Page) -> list[str]:
    """Return the faults that axe rates as serious or worse, each with its first element."""
    if not page.evaluate("'axe' in window"):
        assert AXE.exists(), "axe-core is missing: npm --prefix frontend ci"
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html']} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def assert_accessible(page: Page) -> None:
    for scheme in ("light", "dark"):
        for width in (1280, 390):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            settled(page, lambda s=scheme, w=width: page.evaluate(IS_SHOWN_SO, [s, w]))
            found = serious(page)
            assert not found, f"{scheme}, {width} px: {found}"
            settled(page, lambda w=width: page.evaluate("document.documentElement.scrollWidth") <= w)
