"""A page worked with the keyboard alone: every box, button and link is reached with Tab and used with keys."""

from __future__ import annotations

from typing import Any

FARTHEST = 300  # steps with Tab before a control counts as out of reach


class Keys:
    """Stands in for playwright's page: what a hand would do with a mouse is done with keys; everything else is the page's own."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page, name)

    def reach(self, selector: str) -> None:
        """Walks with Tab until the control has the focus; a control that Tab does not find is a defect."""
        target = self._page.locator(selector).locator("visible=true").first.element_handle()
        for _step in range(FARTHEST):
            if self._page.evaluate("(control) => document.activeElement === control", target):
                assert self._page.evaluate(
                    "(control) => { const style = getComputedStyle(control); return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; }", target
                ), f"{selector} does not show that it has the focus"
                return
            self._page.keyboard.press("Tab")
        raise AssertionError(f"{selector} cannot be reached with Tab")

    def fill(self, selector: str, value: str) -> None:
        self.reach(selector)
        self._page.keyboard.press("Control+A")
        self._page.keyboard.insert_text(value)

    def click(self, selector: str) -> None:
        self.reach(selector)
        self._page.keyboard.press("Enter")

    def check(self, selector: str) -> None:
        self.reach(selector)
        if not self._page.is_checked(selector):
            self._page.keyboard.press("Space")
        assert self._page.is_checked(selector)

    def choose(self, name: str, value: str) -> None:
        """One of several that exclude each other: Tab leads to the group, arrows to the one that is meant."""
        self.reach(f"input[name='{name}']")
        self._page.keyboard.press("Space")
        for _step in range(20):
            if self._page.is_checked(f"input[name='{name}'][value='{value}']"):
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"{name} has no {value}")

    def select_option(self, selector: str, value: str) -> None:
        self.reach(selector)
        self._page.keyboard.press("Home")
        for _step in range(50):
            if self._page.input_value(selector) == value:
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"{selector} has no option {value}")

    def set_input_files(self, selector: str, files: Any) -> None:
        with self._page.expect_file_chooser() as chooser:
            self.reach(selector)
            self._page.keyboard.press("Enter")
        chooser.value.set_files(files)
