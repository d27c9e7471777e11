"""A real browser on a real server: Debian's chromium, driven by playwright."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from werkzeug.serving import make_server

from tests.conftest import missing

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PICTURES = os.environ.get("CORDEE_PICTURES")  # a folder: the tests then leave their pictures there


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        missing("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def live(house: Any) -> Iterator[str]:
    """The house behind HTTP, with real error pages; yields its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, house, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    before = {key: house.config[key] for key in ("PUBLIC_URL", "RAISE_ERRORS")}
    house.config.update(PUBLIC_URL=address, RAISE_ERRORS=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()
    house.config.update(before)


@dataclass
class Tab:
    """One browser tab, with what went wrong in it and an album."""

    page: Any
    address: str
    language: str
    width: int
    who: str
    faults: list[str] = field(default_factory=list)
    taken: int = 0

    def open(self, path: str) -> Any:
        return self.page.goto(self.address + path)

    def overflow(self) -> int:
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def picture(self, name: str) -> None:
        """Looks at the page: nothing may stick out sideways. Keeps a picture where a folder is named."""
        assert self.overflow() <= 0, f"{self.page.url} is {self.overflow()} px too wide at {self.width} px"
        self.taken += 1
        if PICTURES:
            folder = Path(PICTURES) / f"{self.language}-{self.width}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.open(BytesIO(self.page.screenshot())).save(folder / f"{self.who}-{self.taken:02d}-{name}.webp", quality=75, method=6)


@pytest.fixture
def tab(chromium: Any, live: str) -> Iterator[Callable[..., Tab]]:
    contexts = []

    def make(language: str = "fr", width: int = 1280, dark: bool = False, javascript: bool = True, who: str = "somebody") -> Tab:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            locale="fr-FR" if language == "fr" else "en-GB",
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            accept_downloads=True,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        made = Tab(context.new_page(), live, language, width, who)
        # A refused form answers 422 and a lost race 409: the browser calls that an error, people do not.
        made.page.on("console", lambda message: made.faults.append(message.text) if message.type == "error" and "status of 4" not in message.text else None)
        made.page.on("pageerror", lambda error: made.faults.append(str(error)))
        made.page.on("dialog", lambda dialog: (made.faults.append(f"dialog: {dialog.message}") if dialog.type != "beforeunload" else None, dialog.accept()))
        return made

    yield make
    for context in contexts:
        context.close()
