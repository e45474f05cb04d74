"""Runs the demo and a real Chromium, and operates the demo's page as a user does."""

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from demo.services import Services

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "dist" / "jwt-authorizer.wasm"

# The first start of a browser on a busy machine is slow.
TIMEOUT = 60
# Chromium has no sandbox as root. The other flags stop requests to anything but the page.
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run
--disable-background-networking --disable-component-update --disable-sync""".split()

# The driver listens on this machine, so a proxy from the environment must not be used.
os.environ.update(NO_PROXY="localhost,127.0.0.1", no_proxy="localhost,127.0.0.1")


@contextmanager
def demo():
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="page-", dir=ROOT / "target")))
        yield Services(directory, MODULE, stack)


@contextmanager
def chromium(profile, *flags):
    options = ChromeOptions()
    options.binary_location = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    for flag in [*FLAGS, f"--user-data-dir={profile}", *flags]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(shutil.which(os.environ.get("CHROMEDRIVER", "chromedriver"))))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    def __init__(self, driver, url):
        self.driver = driver
        driver.get(url)
        self.wait(lambda: self.all("#routes button"))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.one(selector).text

    def wait(self, condition):
        return WebDriverWait(self.driver, TIMEOUT, poll_frequency=0.05).until(lambda _: condition())

    def choose(self, name, value):
        self.one(f'[name="{name}"][value="{value}"] + *').click()

    def sign_in(self, caller, password=None, scope=None):
        """Returns the page's message."""
        self.choose("caller", caller)
        if password:
            self.one("#password").clear()
            self.one("#password").send_keys(password)
        if scope:
            self.one("#scope").send_keys(scope)
        self.clear("signed-in")
        next(button for button in self.all("#sign-in button") if button.is_displayed()).click()
        return self.wait(lambda: self.text("#signed-in"))

    def send(self, request):
        """Returns the result that the page shows."""
        self.clear("answer")
        self.route(request).click()
        self.wait(lambda: self.all("#answer .status"))
        return Result(self)

    def clear(self, part):
        """Empties a part of the page, so that content found later is new."""
        self.driver.execute_script("document.getElementById(arguments[0]).replaceChildren()", part)

    def route(self, request):
        return next(button for button in self.all("#routes button") if request in " ".join(button.text.split()))

    def browser_errors(self):
        """Failed scripts, and reads that CORS or the page's Content-Security-Policy blocked."""
        refusals = "the server responded with a status of 40"
        return [entry["message"] for entry in self.driver.get_log("browser") if refusals not in entry["message"]]


class Result:
    def __init__(self, page):
        self.status = page.text("#answer .status")
        self.gateway = page.text("#at-gateway span")
        self.api = page.text("#at-api span")
        self.challenge = page.text("#challenge") if page.all("#challenge") else None
        self.identity = pairs(page, "#identity")


def pairs(page, selector):
    """A list of names and values on the page."""
    names, values = page.all(f"{selector} dt"), page.all(f"{selector} dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}
