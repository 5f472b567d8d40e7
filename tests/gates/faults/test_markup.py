import pytest

from ceteris.report import drawing, page
from gates.faults import browser
from gates.faults.rows import markup


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Without figures, which the gate itself draws: they take most of the time."""
    monkeypatch.setattr(page, "render", lambda shown: drawing.Rendered(shown, (), (), {}))


@pytest.fixture
def opened(monkeypatch):
    """The pages that would be opened in a browser, which a machine that runs the tests need not have."""
    pages = []
    monkeypatch.setattr(markup, "detector", lambda: "")
    monkeypatch.setattr(markup, "ran", lambda page: pages.append(page) or "")
    return pages


def outcomes():
    return {injection.outcome for injection in markup.inject(short=True, only=None)}


def test_script_in_every_string_is_shown_as_text():
    injections = list(markup.inject(short=True, only=None))
    assert {one.outcome for one in injections} == {"survived"}
    assert [one.number for one in injections] == list(range(1, 1 + markup.AT_ONCE * len(markup.PLACES)))


def test_one_injection_is_replayed_alone(opened):
    (alone,) = markup.inject(short=False, only=1 + 2 * markup.AT_ONCE * len(markup.PLACES))
    assert (alone.number, alone.outcome) == (361, "survived")
    assert [markup.POLICY in page for page in opened] == [True, True]
    assert ["Content-Security-Policy" in page for page in opened] == [True, False]


def test_a_page_that_no_browser_opened_has_not_passed(opened, monkeypatch):
    monkeypatch.setattr(markup, "detector", lambda: browser.MISSING)
    (alone,) = markup.inject(short=False, only=361)
    assert (alone.outcome, alone.detail) == ("wrong", browser.MISSING)
    assert not opened


def test_the_row_sees_a_page_without_escaping(monkeypatch):
    made = page._template
    monkeypatch.setattr(page, "_template", lambda name, escaped: made(name, escaped=False))
    assert outcomes() == {"wrong"}


def test_the_row_sees_a_text_that_is_marked_as_safe(monkeypatch):
    monkeypatch.setattr(page, "_joined", page.Markup)
    assert outcomes() == {"wrong"}


def test_the_row_sees_a_page_without_a_policy(monkeypatch):
    made = markup.written
    monkeypatch.setattr(markup, "written", lambda text: made(text).replace("default-src 'none';", ""))
    assert outcomes() == {"wrong"}


def test_a_policy_that_forbids_script_stands_before_anything_else():
    written = markup.written(lambda place: f"plain {place}")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{markup.POLICY}">'
    assert policy in written
    assert written.index(policy) < written.index("<title>")


@pytest.mark.parametrize("foreign", [
    "<script>", "<p onclick=x>", "<a href='javascript:x'>", "<a href='//x.invalid'>", "<img src='http://x.invalid'>",
])  # fmt: skip
def test_what_harmless_words_do_not_make_is_another_structure(foreign):
    plain = "<p><a href='#x'>words</a><img src='data:image/png;base64,'></p>"
    assert markup.structure(plain + foreign) != markup.structure(plain)
    assert markup.structure(plain.replace("words", "other words")) == markup.structure(plain)
