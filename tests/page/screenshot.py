"""Takes the README's screenshot of the demo's page: `make page-screenshot`. It is made for the fonts Inter and JetBrains Mono."""

import io
import sys
import tempfile

from PIL import Image

from browser import Page, chromium, demo

WIDTH = 1280
# Sharp on high-density screens, where GitHub scales it down.
SCALE = 1.5
# Fewer colours make a smaller file; with 128 no difference is visible.
COLOURS = 128


def main(path):
    with demo() as services, tempfile.TemporaryDirectory() as profile:
        with chromium(profile, "--hide-scrollbars", "--lang=en", f"--force-device-scale-factor={SCALE}") as driver:
            page = Page(driver, services.url("page"))
            driver.set_window_size(WIDTH, 1000)
            show(page)
            picture = Image.open(io.BytesIO(full_page(driver))).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


def show(page):
    """Two refused requests, then an allowed one."""
    page.send("GET /me")
    page.sign_in("bob")
    page.send("GET /admin/reports")
    page.sign_in("alice")
    page.one("#forge").click()
    page.send("GET /admin/reports")


def full_page(driver):
    """A screenshot of the full height of the page."""
    driver.execute_script("document.activeElement.blur()")
    missing = driver.execute_script("return document.documentElement.scrollHeight - innerHeight")
    driver.set_window_size(WIDTH, driver.get_window_size()["height"] + missing)
    return driver.get_screenshot_as_png()


if __name__ == "__main__":
    main(sys.argv[1])
