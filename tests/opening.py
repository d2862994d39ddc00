"""Every page's address, and all that a reader can open on one."""

import re

from pages.ui.frame import PAGES

ROUTES = {label: "" if path == "app.py" else re.sub(r"pages/\d+_(\w+)\.py", r"\1", path) for path, label, _ in PAGES}


def open_all(page) -> None:
    """Whatever a reader can open on a page: panels, forms, menus, a pinned word."""
    for name in ("Edit text", "New prompt"):
        if page.get_by_role("button", name=name).count():
            page.get_by_role("button", name=name).click()
            page.locator("textarea").first.wait_for()
    panels = page.locator("[data-testid=stExpander] details:not([open]) > summary")
    for _ in range(panels.count()):
        panels.first.click()
        page.wait_for_timeout(300)  # the server draws what is in it
    if page.locator(".js-plotly-plot, [data-testid=stSkeleton]").count():
        page.locator(".js-plotly-plot").first.wait_for()
    if page.locator(".strip .tok").count():
        page.locator(".strip .tok").nth(3).click()
        for more in (page.get_by_role("button", name="Swap this word …"), page.locator("summary", has_text="Examples")):
            if more.count():
                more.click()
