"""The README's picture, taken from the real page: `python tests/picture.py` writes assets/explore.png."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "assets" / "explore.png"
WIDTH, HEIGHT = 1280, 860
PATIENCE = 60.0  # seconds until the server answers


def main() -> None:
    """Start the app, wait until its example is drawn, pin the word that holds most, take the picture."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        await_server(f"http://127.0.0.1:{port}/_stcore/health")
        take(f"http://127.0.0.1:{port}/")
    finally:
        server.terminate()
        server.wait(20)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} kB")


def await_server(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urlopen(url, timeout=2).close()
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit(f"The app did not come up in {PATIENCE:g} s.")


def take(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1)
        page.goto(url)
        page.wait_for_selector(".strip .tok")
        page.locator(".ranking td.name button").first.click()
        page.mouse.move(0, 0)
        page.wait_for_timeout(1500)  # the component's own transitions
        page.screenshot(path=str(PICTURE))
        browser.close()


if __name__ == "__main__":
    main()
