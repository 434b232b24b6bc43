"""The page is valid, names its parts, keeps text as text, and asks nobody for anything."""

import base64
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from constructs_lib.rehearsal.report.facts import Facts
from constructs_lib.rehearsal.report.markup import clean
from constructs_lib.rehearsal.report.page import rendered

from .sample import EMPTY, EVIL, FULL, PASSED

STYLE = files("constructs_lib.rehearsal.report").joinpath("page.css").read_text(encoding="utf-8")
FACTS = [FULL, PASSED, EMPTY]


def parsed(facts: Facts) -> Element:
    """The page as a strict parser reads it: anything that is not valid fails here."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(rendered(facts))
    return root


def tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def all_of(root: Element, *names: str) -> Iterator[Element]:
    return (element for element in root.iter() if tag(element) in names)


def text(element: Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("facts", FACTS)
def test_page_is_valid_and_speaks_english(facts: Facts) -> None:
    assert parsed(facts).get("lang") == "en"


def test_names_are_told_as_they_are_and_make_no_element() -> None:
    root = parsed(FULL)
    assert list(all_of(root, "script", "iframe", "object", "embed", "img")) == []
    assert [each.get(name) for each in root.iter() for name in each.keys() if name.lower().startswith("on")] == []  # noqa: SIM118
    assert text(next(all_of(root, "title"))) == f"Rehearsal of Loans, {EVIL}: failed"
    assert f"Column{EVIL}" not in text(root)
    assert text(root).count(EVIL) >= 15


def test_what_no_page_may_hold_is_shown_as_missing() -> None:
    assert clean("a\x00b\x1b[1m\tc\xa0d\ud800") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}[1m\tc d?"
    assert "\x00" not in rendered(FULL)


@pytest.mark.parametrize("facts", FACTS)
def test_page_asks_nobody_for_anything(facts: Facts) -> None:
    root = parsed(facts)
    places = [
        each.get(name)
        for each in root.iter()
        for name in ("src", "href", "srcset", "action", "data", "poster", "background", "cite", "ping")
        if each.get(name) is not None
    ]
    ids = {each.get("id") for each in root.iter()}
    assert all(place == "data:," or str(place).removeprefix("#") in ids for place in places)
    assert not re.search(r"url\(|@import|expression", STYLE)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    [policy] = [each.get("content") for each in all_of(root, "meta") if each.get("http-equiv")]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    assert not any(each.get("style") for each in root.iter()), "the policy forbids it"
    assert [text(style) for style in all_of(root, "style")] == [STYLE]


@pytest.mark.parametrize("facts", FACTS)
def test_page_has_landmarks_and_headings_in_order(facts: Facts) -> None:
    root = parsed(facts)
    for name in ("header", "nav", "main", "footer", "h1"):
        assert len(list(all_of(root, name))) == 1, name
    levels = [int(tag(each)[1]) for each in all_of(root, "h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = Counter(each.get("id") for each in root.iter() if each.get("id"))
    assert max(ids.values()) == 1
    assert all(each.get("aria-labelledby") in ids for each in all_of(root, "section"))
    [skip] = [each for each in all_of(root, "a") if each.get("class") == "skip"]
    assert skip.get("href") == "#content"


def test_drawings_have_words_and_tables_have_heads() -> None:
    root = parsed(FULL)
    for drawing in all_of(root, "svg"):
        assert drawing.get("aria-hidden") == "true" or (drawing.get("role") == "img" and drawing.get("aria-label"))
    tables = list(all_of(root, "table"))
    assert len(tables) >= 9
    for table in tables:
        assert text(next(all_of(table, "caption")))
        assert all(each.get("scope") in ("row", "col") for each in all_of(table, "th"))
        widths = {len(list(row)) for row in all_of(table, "tr")}
        assert len(widths) == 1, text(next(all_of(table, "caption")))
    scrolling = [each for each in root.iter() if each.get("class") == "scroll"]
    assert all(each.get("tabindex") == "0" and each.get("aria-label") for each in scrolling)


def test_page_tells_everything() -> None:
    said = text(parsed(FULL))
    for words in (
        "A check failed",
        "Plain/Job ended Failed: ",
        "2 checks passed, in 12.5 s.",
        "Evidence: server log",
        "1. cdk synth",
        "did not end well",
        "missed: AUC is 0.5",
        "0.8249",
        "Importance of each column",
        "7 more columns are in the JSON report.",
        "Confusion matrix",
        "Residuals",
        "Words that count",
        "Parts of the image that count",
        "Forecast of ",
        "asked 24 times, always answered",
        "the answer is what the model itself predicts",
        "an update that trains again",
        "Properties.Revision",
        "400 characters: whole in the JSON report",
        "nothing: it is gone",
        "CREATE_FAILED: ",
        "May call s3:GetObject on any resource.",
        "SageMaker by this library",
        "role-text",
        "If it is wrong: the deployment fails.",
    ):
        assert words in said, words


def test_page_of_a_rehearsal_that_did_not_start_has_its_verdict_alone() -> None:
    root = parsed(EMPTY)
    assert "It could not start" in text(root)
    assert list(all_of(root, "h2")) == []


# Colours


def colours(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(blocks) == 2
    assert "prefers-color-scheme: dark" in STYLE.partition(blocks[0])[2].partition(blocks[1])[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[dark]))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXTS: list[Any] = [
    *((ink, ground) for ink in ("ink", "quiet", "link", "good", "bad", "warn") for ground in ("paper", "sheet")),
    *(("ink", ground) for ground in ("band", "added", "removed")),
]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_text_can_be_read(ink: str, ground: str, dark: bool) -> None:
    known = colours(dark)
    assert contrast(known[ink], known[ground]) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("mark", ["mark", "bad", "warn", "ink"])
def test_drawings_can_be_seen(mark: str, dark: bool) -> None:
    known = colours(dark)
    assert contrast(known[mark], known["track" if mark == "mark" else "paper"]) >= 3  # WCAG 2.2, 1.4.11
