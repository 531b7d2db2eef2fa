"""What ends with the window gives way to as many banners as stand above it."""

from itertools import product

import pytest
from playwright.sync_api import Browser

from cxr_core.ui.frame import STYLE

BANNERS = ("switched-off", "low-disk", "old-backup")
ROW = 2.786 * 16


@pytest.mark.parametrize("shown", list(product((False, True), repeat=3)))
def test_each_banner_takes_a_row(browser: Browser, shown: tuple[bool, ...]) -> None:
    rows = "".join(f'<div class="stop {name}"></div>' for name, is_on in zip(BANNERS, shown, strict=True) if is_on)
    page = browser.new_page()
    style = f"<style>{STYLE.read_text(encoding='utf-8')} #film {{ height: calc(1000px - var(--stop, 0rem)); }}</style>"
    page.set_content(f'{style}<div class="stApp">{rows}<div id="film"></div></div>')
    height = page.locator("#film").evaluate("film => parseFloat(getComputedStyle(film).height)")
    assert height == pytest.approx(1000 - sum(shown) * ROW, abs=0.1)
    page.close()
