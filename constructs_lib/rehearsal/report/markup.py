"""Elements of a page. What is text stays text: the standard library's serializer escapes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring  # made here and written, never parsed

Content: TypeAlias = str | Element | Iterable["Content"] | None


def element(tag: str, *content: Content, **attributes: object) -> Element:
    """An element.

    Args:
        tag: Its name.
        content: Texts and elements in their order, also in lists; `None` is left out.
        attributes: By name, `_` for `-` and a trailing one left out (`class_`). `None` and `False` leave one out.
    """
    made = Element(
        tag,
        {
            name.rstrip("_").replace("_", "-"): name.rstrip("_") if value is True else clean(str(value))
            for name, value in attributes.items()
            if value is not None and value is not False
        },
    )
    _add(made, content)
    return made


def _add(made: Element, content: Content) -> None:
    if content is None:
        return
    if isinstance(content, str):
        if len(made):
            made[-1].tail = (made[-1].tail or "") + clean(content)
        else:
            made.text = (made.text or "") + clean(content)
    elif isinstance(content, Element):
        made.append(content)
    else:
        for each in content:
            _add(made, each)


def clean(text: str) -> str:
    """A text without what no page may hold: control characters but for line ends and tabs, halves of pairs."""
    return "".join(map(_clean, text.encode("utf-8", "replace").decode()))


def _clean(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def page(root: Element) -> str:
    """The whole page as text."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"
