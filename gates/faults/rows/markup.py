"""Script in every string that a stranger can choose, against the page of the report."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from ceteris.report.page import write_report
from gates.faults.browser import RUN, detector, ran, without_policy
from gates.faults.hostile_study import PLACES, hostile_study
from gates.faults.row import Injection, Outcome

FAULT = "script in names, notes, claims, file names, recipes and logs, against the report's page"
PROMISE = (
    "shown as text: no element, attribute or address that harmless words do not make; a policy that forbids script; "
    "none runs in a real browser, with the policy or without"
)
SOURCE = "report"

AT_ONCE = 10
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_FORBIDS = ("meta", "content", "http-equiv", POLICY)
_PAYLOADS = (
    "<script>RUN</script>", "<SCRIPT>RUN</SCRIPT>", "<script/x>RUN</script>", "<script src=//x.invalid></script>",
    "</title><script>RUN</script>", "</style><script>RUN</script>", "</pre><script>RUN</script>",
    "</td></tr></table><script>RUN</script>", "</svg><script>RUN</script>", "]]><script>RUN</script>",
    "<img src=x onerror=RUN>", "<img src=x onerror='RUN'>", '"><img src=x onerror=RUN>', "'><img src=x onerror=RUN>",
    "<img/src=x/onerror=RUN>", "<img src=`x`onerror=RUN>", "<svg onload=RUN>", "<svg><script>RUN</script></svg>",
    "<svg><animate onbegin=RUN attributeName=x></svg>", "<svg><a xlink:href='javascript:RUN'>x</a></svg>",
    "<math><mtext><script>RUN</script></mtext></math>", "<math href='javascript:RUN'>x</math>",
    "<body onload=RUN>", "<html onclick=RUN>", "<iframe src='javascript:RUN'></iframe>",
    "<iframe srcdoc='<script>RUN</script>'></iframe>", "<object data='javascript:RUN'></object>",
    "<embed src='javascript:RUN'>", "<a href='javascript:RUN'>x</a>", "<a href='java\tscript:RUN'>x</a>",
    "<form action='javascript:RUN'><button>x</button></form>", "<input autofocus onfocus=RUN>",
    "<select autofocus onfocus=RUN></select>", "<details open ontoggle=RUN>x</details>", "<video><source onerror=RUN>",
    "<audio src=x onerror=RUN>", "<marquee onstart=RUN>x</marquee>", "<base href='//x.invalid/'>",
    "<link rel=stylesheet href='//x.invalid/x.css'>", "<meta http-equiv=refresh content='0;url=javascript:RUN'>",
    "<style>*{background:url('//x.invalid')}</style>", "<p style='background:url(javascript:RUN)'>x</p>",
    "<template><script>RUN</script></template>", "<noscript><p title='</noscript><script>RUN</script>'></noscript>",
    "<textarea><script>RUN</script></textarea>", "\" onmouseover=RUN x=\"", "' onmouseover=RUN x='",
    "` onmouseover=RUN x=`", " autofocus onfocus=RUN ", "javascript:RUN", "data:text/html,<script>RUN</script>",
    "&lt;script&gt;RUN&lt;/script&gt;", "&#60;script&#62;RUN&#60;/script&#62;", "\\u003cscript\\u003eRUN",
    "{{ ''.__class__.__mro__ }} {% include 'report.css' %}", "${RUN}", "$\\frac{<script>RUN}{$",
    "\N{FULLWIDTH LESS-THAN SIGN}script\N{FULLWIDTH GREATER-THAN SIGN}RUN", "<scr\x01ipt>RUN</scr\x01ipt>",
    "<!--<script>RUN",
)  # fmt: skip
ROUNDS = len(_PAYLOADS) // AT_ONCE


def inject(short: bool, only: int | None) -> Iterator[Injection]:
    """Every payload in every place: a report holds AT_ONCE of them in each, beside its harmless twin.

    Each page is also opened in a browser, with its policy and without; not in a short run, which needs no browser.
    """
    each = AT_ONCE * len(PLACES)
    rounds = range(1 if short else ROUNDS) if only is None else [(only - 1) // each]
    wanted = structure(written(lambda place: f"plain {place}"))
    blind = "" if short else detector()
    for turn in rounds:
        page = written(lambda place, turn=turn: _text(turn, place))  # type: ignore[misc]
        found, shown = structure(page), _shown(page)
        parts = {str(part) for part in found - wanted} | {f"no {part}" for part in wanted - found}
        parts |= set() if _FORBIDS in found else {"no policy"}
        parts |= set() if short else {blind or ran(page) or ran(without_policy(page))} - {""}
        foreign = ", ".join(sorted(parts))
        for step in range(each):
            number, place, payload = turn * each + step + 1, PLACES[step // AT_ONCE], turn * AT_ONCE + step % AT_ONCE
            if only not in (None, number):
                continue
            lost = "" if _marker(payload, place) in shown else "it is not shown as text"
            outcome = Outcome.WRONG if foreign or lost else Outcome.SURVIVED
            yield Injection(number, f"{_PAYLOADS[payload]!r} as {place}", outcome, foreign or lost)


def written(text: Callable[[str], str]) -> str:
    """The page of a report whose outside strings are `text` of PLACES."""
    plan, records = hostile_study(text)
    with tempfile.TemporaryDirectory() as folder:
        return write_report(plan, records, Path(folder)).read_text(encoding="utf-8")


def structure(page: str) -> Counter[tuple[str, ...]]:
    """How often every element, with the names of its attributes, is there, and whether the policy is.

    Drawings are counted by kind: how many lines a label takes depends on its length.
    """
    parsed = _Elements(page)
    return Counter(parsed.elements) + Counter(set(parsed.drawn))


def _text(turn: int, place: str) -> str:
    """AT_ONCE payloads in a row, each with a marker; every place begins with another one. A comment comes last."""
    start = PLACES.index(place) % AT_ONCE
    ordered = sorted(range(AT_ONCE), key=lambda i: ("<!--" in _PAYLOADS[turn * AT_ONCE + i], (i - start) % AT_ONCE))
    numbers = [turn * AT_ONCE + i for i in ordered]
    return f"plain {place} " + " ".join(_marker(n, place) + _PAYLOADS[n].replace("RUN", RUN) for n in numbers)


def _marker(payload: int, place: str) -> str:
    return f"p{payload}q{PLACES.index(place)}z"


def _shown(page: str) -> str:
    return "".join(_Elements(page).words)


class _Elements(HTMLParser):
    """What a browser would make of a page: elements, addresses worth a look, the policy, and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.drawn, self.words = list[tuple[str, ...]](), list[tuple[str, ...]](), list[str]()
        self._depth = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth += tag == "svg"
        if tag == "span" and ("class", "keep") in attrs:
            return  # how our own words are kept on a line
        strange = [f"{name}={value}" for name, value in attrs if name in ("href", "src") and not _at_home(value or "")]
        policy = [value or "" for name, value in attrs if name == "content" and tag == "meta"]
        (self.drawn if self._depth else self.elements).append(
            (tag, *sorted(name for name, _ in attrs), *strange, *policy)
        )

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "svg"

    def handle_comment(self, data: str) -> None:
        if not self._depth:
            self.elements.append(("comment",))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _at_home(address: str) -> bool:
    """Within the page, a picture in it, or a file beside it."""
    return address.startswith(("#", "data:image/png;base64,")) or address.endswith((".csv", ".tex", ".md"))
