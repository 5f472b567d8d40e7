import re
import string
from pathlib import Path

import pytest

import ceteris.report
from ceteris.errors import InputError
from ceteris.report import page
from ceteris.report.drawing import Rendered
from ceteris.report.evidence import gather
from ceteris.report.words import Words, languages, table

BANNED = {
    "en": r"\bsignifican|no effect|state of the art|\bprove[sdn]?\b",
    "zh": "显著|证明|最先进|没有效果|无效果",
}


def placeholders(message):
    return sorted(name for _, name, _, _ in string.Formatter().parse(message) if name)


def test_every_language_has_the_same_messages_with_the_same_placeholders():
    tables = {language: table(language) for language in languages()}
    assert set(tables) == {"en", "zh"}
    shapes = [{key: placeholders(message) for key, message in messages.items()} for messages in tables.values()]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_message_claims_more_than_the_statistics_allow(language):
    for key, message in table(language).items():
        assert not re.search(BANNED[language], message, re.IGNORECASE), key


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_generated_text_claims_more_than_the_statistics_allow(language, troubled, monkeypatch):
    monkeypatch.setattr(page, "render", lambda drawing: Rendered(drawing, (), (), {}))
    words = Words(language)
    text = page.contents(gather(troubled.plan, troubled.records), words)["report.html"].decode()
    for pattern in BANNED.values():
        assert not re.search(pattern, text, re.IGNORECASE)


def test_chinese_is_written_in_chinese():
    """Only messages that are nothing but names, numbers, signs and the letters of a test may lack Chinese."""
    for key, message in table("zh").items():
        bare = re.sub(r"{\w+}|Holm|TOST|[pn]\b|[\s（），。、；：%·]", "", message)
        assert not bare or re.search(r"[\u4e00-\u9fff]", bare), key


def test_every_message_is_used():
    """By its key, or by a key put together from its first word; the page's own words by their name at least."""
    folder = Path(ceteris.report.__file__).parent
    code = "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.suffix in (".py", ".jinja"))
    for key in table("en"):
        stem, _, name = key.partition(".")
        built = re.search(rf"""["']{stem}\.({{|["'])""", code)
        assert key in code or (built and (stem != "page" or f'"{name}"' in code)), key


def test_counts_use_the_right_form():
    words = Words("en")
    assert [words.count("seed", n) for n in (1, 3, 1000)] == ["1 seed", "3 seeds", "1,000 seeds"]


def test_names_are_joined_as_the_language_joins_them():
    assert Words("en").listed(["a", "b", "c"]) == "a, b and c"
    assert Words("zh").listed(["a", "b", "c"]) == "a、b 和 c"
    assert Words("en").listed([]) == ""


def test_an_unknown_language_is_an_input_error():
    with pytest.raises(InputError, match="no report in language 'fr'"):
        Words("fr")
