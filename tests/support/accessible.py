"""Accessibility faults that axe finds on a page, light and dark, at the widths of phone, tablet and desk."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from support.browser import settled

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
WIDTHS = (390, 720, 768, 1440)  # 720: a window of 1440 px at a zoom of 200 %
IS_SHOWN_SO = (
    "([scheme, width]) => matchMedia(`(prefers-color-scheme: ${scheme})`).matches && innerWidth === width"
)
FITS = "document.documentElement.scrollWidth <= innerWidth"


def faults(page: Page) -> list[str]:
    """Return all faults that axe finds, each with its first element."""
    if not page.evaluate("'axe' in window"):
        assert AXE.exists(), "axe-core is missing: npm --prefix frontend ci"
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']} {one['nodes'][0]['failureSummary']}" for one in found]


def assert_accessible(page: Page) -> None:
    """Check that axe finds nothing and that nothing is wider than the window, in each scheme and width."""
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            settled(page, lambda s=scheme, w=width: page.evaluate(IS_SHOWN_SO, [s, w]))
            found = faults(page)
            assert not found, f"{scheme}, {width} px: {found}"
            settled(page, lambda: page.evaluate(FITS))
