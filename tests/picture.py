"""The README's pictures, taken from the real pages: `python tests/picture.py` writes them to assets/."""

import os
import tempfile
from pathlib import Path

import servers
import tours
from playwright.sync_api import Page, sync_playwright

ASSETS = Path(__file__).resolve().parents[1] / "assets"
WIDTH, HEIGHT = 1280, 860
STEP = 8  # of the shipped continuation, the second place that it names


def main() -> None:
    """Start the app, wait until an example is drawn, pin the word that holds most, take the picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.app(Path(folder) / "server.txt") as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1)
        page.add_init_script(tours.DECLINED)
        page.goto(url)
        page.wait_for_selector(".strip .tok")
        take(page, "explore.png")
        page.get_by_role("link", name="Generate").click()
        page.locator(".frame").nth(STEP - 1).click()
        take(page, "generate.png")
        page.goto(f"{url}Learn?lesson=information")
        page.locator(".kl-terms").wait_for()
        page.set_viewport_size({"width": 1480, "height": 1000})  # the whole picture
        shoot(page, "learn.png")
        browser.close()


def take(page: Page, name: str) -> None:
    page.locator(".ranking td.name button").first.click()
    shoot(page, name)


def shoot(page: Page, name: str) -> None:
    page.locator(".stMain").evaluate("main => main.scrollTo(0, 0)")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)  # the component's own transitions
    page.screenshot(path=str(ASSETS / name))
    print(f"assets/{name}: {(ASSETS / name).stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
