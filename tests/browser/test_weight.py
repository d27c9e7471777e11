"""What a page weighs, from the browser's own performance entries: bytes, requests, time to interactive, cumulative layout shift.
The times are printed and never asserted; the rest may not grow unseen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.test_every_page import sign_in

MEASURE = """() => new Promise((done) => {
  let shift = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value; }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => {
    const page = performance.getEntriesByType("navigation")[0], parts = performance.getEntriesByType("resource");
    done({
      bytes: [page, ...parts].reduce((sum, each) => sum + each.transferSize, 0),
      scripts: parts.filter((each) => each.initiatorType === "script").reduce((sum, each) => sum + each.transferSize, 0),
      requests: 1 + parts.length, interactive: Math.round(page.domInteractive), complete: Math.round(page.loadEventEnd), shift: Math.round(shift * 1000) / 1000,
      outside: parts.filter((each) => new URL(each.name).host !== location.host).length,
    });
  }, 600);
})"""


def weigh(browser: Any, path: str, first: bool = False) -> dict[str, Any]:
    line = browser.page.context.new_cdp_session(browser.page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": first})
    browser.open(path)
    found = browser.page.evaluate(MEASURE)
    line.detach()
    return found


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_is_light_and_does_not_jump(house, cast, tab, width):
    partner = cast.partner()
    for number in range(50):
        cast.contract(partner, cast.client(partner), number=f"AL{number:04d}")
    browser = tab("fr", width)
    sign_in(browser, "/login", cast.staff("administrator", language="fr").email)
    for path, most_requests in (("/", 14), ("/contracts/", 9), ("/contracts/1/edit", 9)):
        first, again = weigh(browser, path, first=True), weigh(browser, path)
        print(f"\n{path} {width} px: first {first}; again {again}")
        assert first["outside"] == 0
        assert first["requests"] <= most_requests
        assert first["bytes"] < 250_000
        assert first["scripts"] < 40_000
        assert again["bytes"] < 150_000, "styles, scripts and icons are kept by the browser"
        assert first["shift"] < 0.1
