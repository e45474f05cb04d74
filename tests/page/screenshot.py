"""Takes the README's picture of the demo's page: `make page-screenshot`. Inter and JetBrains Mono make it look its best."""

import io
import sys
import tempfile

from PIL import Image

from browser import Page, chromium, demo

WIDTH = 1280
# GitHub shows it at half of this, on screens that have two dots where there was one.
SCALE = 1.5
# As many as look like all.
COLOURS = 128


def main(path):
    with demo() as cast, tempfile.TemporaryDirectory() as profile:
        with chromium(profile, "--hide-scrollbars", "--lang=en", f"--force-device-scale-factor={SCALE}") as driver:
            page = Page(driver, cast.url("page"))
            driver.set_window_size(WIDTH, 1000)
            show(page)
            picture = Image.open(io.BytesIO(whole(driver))).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


def show(page):
    """Refused, refused, let through."""
    page.ask("GET /me")
    page.sign_in("bob")
    page.ask("GET /admin/reports")
    page.sign_in("alice")
    page.one("#forge").click()
    page.ask("GET /admin/reports")


def whole(driver):
    """The page from top to end, however high the window is."""
    driver.execute_script("document.activeElement.blur()")
    missing = driver.execute_script("return document.documentElement.scrollHeight - innerHeight")
    driver.set_window_size(WIDTH, driver.get_window_size()["height"] + missing)
    return driver.get_screenshot_as_png()


if __name__ == "__main__":
    main(sys.argv[1])
