"""The button as people meet it: its words, the keyboard, colours, and what the hub says with the file."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.button.site import Site
from tests.conftest import ROOT
from tests.fixtures.demo import Visitors, photograph

pytestmark = pytest.mark.browser
BUTTON = "ohmygpt-connect"
STYLE = "(name) => getComputedStyle(document.querySelector('ohmygpt-connect').shadowRoot.querySelector('button'))[name]"


#: Language of the page, attributes of the button -> its name, and the language it is spoken in.
NAMES = {
    ("en", ""): ("Sign in with OhMyGPT", "en"),
    ("zh-CN", ""): ("使用 OhMyGPT 登录", "zh-CN"),
    ("fr", 'label="continue"'): ("Continue with OhMyGPT", "en"),
    ("en", 'lang="zh" label="continue"'): ("使用 OhMyGPT 继续", "zh-CN"),
    ("zh-CN", 'lang="en" label="connect"'): ("Connect OhMyGPT", "en"),
    ("zh-CN", 'lang="auto" label="connect"'): ("连接 OhMyGPT", "zh-CN"),
    ("en", 'label="nonsense"'): ("Sign in with OhMyGPT", "en"),
}


def test_a_screen_reader_hears_one_named_button(visitors: Visitors, site: Site) -> None:
    """In the accessibility tree it is one button, named by its words, in the language of the page or its own."""
    page, found = visitors.visit(), {}
    for language, attributes in NAMES:
        site.language = language
        site.show(page, attributes=attributes)
        tree = page.locator("main").aria_snapshot()
        spoken = str(page.locator("button").get_attribute("lang"))
        found[language, attributes] = (tree.partition("- button ")[2].strip('"'), spoken)
    assert found == NAMES


def test_the_keyboard_works_it(visitors: Visitors, site: Site) -> None:
    """Tab reaches it, the focus can be seen, and Enter starts the sign-in; its words follow the attribute."""
    page = visitors.visit()
    site.show(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.localName") == BUTTON
    assert page.evaluate(STYLE, "outlineStyle") == "solid"
    assert page.evaluate(STYLE, "boxShadow") != "none"
    page.evaluate("document.activeElement.setAttribute('label', 'continue')")
    expect(page.get_by_role("button", name="Continue with OhMyGPT")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector("#email")


def test_going_back_gives_a_button_that_works(visitors: Visitors, site: Site) -> None:
    """After the browser's back button the page is not left busy."""
    page = visitors.visit()
    site.show(page)
    page.locator(BUTTON).click()
    page.wait_for_selector("#email")
    page.go_back()
    page.wait_for_url(site.url)
    page.locator(BUTTON).click()
    page.wait_for_selector("#email")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["by the site", "by the reader"])
def test_the_words_can_be_read(visitors: Visitors, site: Site, theme: str, chosen: str) -> None:
    """Text has a contrast of 4.5 or more, under the pointer, too, and the edge 3 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    page = visitors.visit(color_scheme=theme if chosen == "by the reader" else "light", reduced_motion="reduce")
    site.show(page, attributes=f'theme="{theme}"' if chosen == "by the site" else "")
    text, back, edge = (page.evaluate(STYLE, name) for name in ("color", "backgroundColor", "borderTopColor"))
    page.locator(BUTTON).hover()
    assert (luminance(back) < 0.5) == (theme == "dark")
    assert contrast(text, back) >= 4.5
    assert contrast(edge, back) >= 3
    assert contrast(text, page.evaluate(STYLE, "backgroundColor")) >= 4.5


def test_it_follows_what_the_reader_needs(visitors: Visitors, site: Site) -> None:
    """With forced colours the focus is still drawn, and with reduced motion nothing moves."""
    page = visitors.visit(forced_colors="active", reduced_motion="reduce")
    site.show(page)
    page.keyboard.press("Tab")
    assert (page.evaluate(STYLE, "outlineStyle"), page.evaluate(STYLE, "outlineWidth")) == ("solid", "3px")
    assert page.evaluate(STYLE, "transitionDuration") == "0s"


def test_sizes_differ(visitors: Visitors, site: Site) -> None:
    """Small, medium and large are 32, 40 and 48 pixels high: each large enough for a finger (WCAG 2.2, 2.5.8)."""
    page = visitors.visit()
    heights = []
    for size in ("small", "medium", "large"):
        site.show(page, attributes=f'size="{size}"')
        heights.append(page.evaluate(STYLE, "height"))
    assert heights == ["32px", "40px", "48px"]


def test_any_site_may_load_the_file(site: Site) -> None:
    """The file is open to every origin, also an isolated one; browsers keep it, and never guess its type."""
    for path, kind in (("connect.js", "text/javascript"), ("brand/sign-in-light-zh.svg", "image/svg+xml")):
        headers = requests.get(f"{site.live.url}/static/{path}", timeout=10).headers
        assert headers["Content-Type"].startswith(kind)
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert headers["Cache-Control"].startswith("public, max-age=3600")
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in requests.get(f"{site.live.url}/static/hub.css", timeout=10).headers


def test_the_description_is_complete() -> None:
    """Each attribute that the button reads, and each code that it makes, stands in its description."""
    source = (ROOT / "oauth_app/static/connect.js").read_text("utf-8")
    description = (ROOT / "docs/sign-in-button.md").read_text("utf-8")
    attributes = set(re.findall(r'(?:read|getAttribute)\("([a-z-]+)"\)', source)) - {"aria-busy"}
    styled = set(re.findall(r":host\(\[(?!hidden)(\w+)", source))
    codes = set(re.findall(r'new ConnectError\("(\w+)"', source))
    assert len(attributes | styled) == 12
    assert {name for name in attributes | styled | codes if f"`{name}`" not in description} == set()


def test_the_file_stands_alone() -> None:
    """It loads nothing, runs no text as code, and keeps no token."""
    source = (ROOT / "oauth_app/static/connect.js").read_text("utf-8")
    assert not re.findall(r"\b(eval|Function|innerHTML|import|localStorage|document\.write)\b\(?", source)


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "zh-CN")])
def test_the_preview_shows_every_form(visitors: Visitors, site: Site, scheme: str, locale: str) -> None:
    """The hub's page shows the chosen button with its code, and all others; it fits a phone."""
    page = visitors.visit(color_scheme=scheme, locale=locale)
    page.goto(f"{site.live.url}/docs/button?theme=dark&size=large&label=continue&lang=zh&mode=popup")
    expect(page.get_by_test_id("chosen").get_by_role("button")).to_have_text("使用 OhMyGPT 继续")
    code = page.get_by_test_id("browser").inner_text()
    assert 'theme="dark" size="large" label="continue" lang="zh" mode="popup"' in code
    assert "sign-in-dark-zh.svg" in page.get_by_test_id("plain").inner_text()
    photograph(page, f"button-{scheme}-{locale}")
    page.set_viewport_size({"width": 390, "height": 844})
    photograph(page, f"button-{scheme}-{locale}-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_shown_hash_is_the_files(page: Page, site: Site) -> None:
    """A page that pins the file with the hash from the hub's page works."""
    shown = requests.get(f"{site.live.url}/docs/button?lang=<script>", timeout=10).text
    site.script = re.search(r"integrity=\S+", shown.replace("&#34;", '"'))[0] + ' crossorigin="anonymous"'
    site.show(page)
    expect(page.get_by_role("button", name="Sign in with OhMyGPT")).to_be_visible()
    assert "lang=<script>" not in shown


def luminance(color: str) -> float:
    """Return the relative luminance of a computed colour (WCAG 2.2)."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
