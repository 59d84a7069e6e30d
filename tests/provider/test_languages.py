"""``ui_locales``: the pages of a request speak the language that the partner asks for."""

import pytest

from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite


@pytest.mark.parametrize(
    ("ui_locales", "lang"),
    [("zh-CN", "zh-CN"), ("fr zh-Hans en", "zh-CN"), ("en-GB zh", "en"), ("fr", "en"), ("", "en"), ("ZH", "zh-CN")],
)
def test_the_first_known_language_is_spoken(browser: Browser, site: PartnerSite, ui_locales: str, lang: str) -> None:
    """OIDC Core 3.1.2.1: by preference; unknown ones are passed over."""
    assert f'<html lang="{lang}"' in browser.open(site.link(ui_locales=ui_locales)).text


def test_errors_speak_it_too(browser: Browser, site: PartnerSite) -> None:
    """Also where nobody is proven."""
    page = browser.open(site.link(ui_locales="zh", redirect_uri="https://evil.example"))

    assert '<html lang="zh-CN"' in page.text


def test_the_wish_is_for_this_request(browser: Browser, site: PartnerSite) -> None:
    """The next page is the reader's own again."""
    browser.open(site.link(ui_locales="zh"))

    assert '<html lang="en"' in browser.open("/docs").text


def test_who_chose_here_has_chosen(browser: Browser, site: PartnerSite) -> None:
    """A reader's own choice at the foot of the page is not overruled by a site."""
    action, fields = form_with(browser.open("/docs").text, "language", "next")
    browser.post(action, fields | {"language": "en"})

    assert '<html lang="en"' in browser.open(site.link(ui_locales="zh")).text
