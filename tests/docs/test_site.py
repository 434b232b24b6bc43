"""What the documentation site is made of: each public name, each page, links that lead somewhere."""

import posixpath
import re
from collections.abc import Iterator

from constructs_lib import public

from .blocks import ROOT, pages

NAV = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
CODE = re.compile(r"^( *)```.*?^\1```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def test_reference_has_each_public_name_once() -> None:
    shown = re.findall(r"^::: constructs_lib\.public\.(\w+)$", pages()["docs/api.md"], re.MULTILINE)

    assert sorted(shown) == sorted(public.__all__)


def test_each_page_is_in_the_navigation_and_the_other_way_round() -> None:
    listed = set(re.findall(r"[\w./-]+\.md", NAV))
    there = {page.removeprefix("docs/") for page in pages() if page.startswith("docs/")}

    assert there <= listed
    assert listed - there == {"overview.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/index.md"}


def links() -> Iterator[tuple[str, str, str]]:
    """Page, path and anchor of each link that leads to a place of the checkout."""
    for page, text in pages().items():
        for path, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)", CODE.sub("", text)):
            yield page, posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page, anchor


def anchors(page: str) -> set[str]:
    """The anchors of the headings of a page."""
    headings = re.findall(
        r"^#+ (.+?) *$", CODE.sub(lambda found: found[0].strip("`") * ("\n" not in found[0]), pages()[page]), re.M
    )
    return {"#" + re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_links_lead_to_what_is_there() -> None:
    lost = [
        (page, target, anchor)
        for page, target, anchor in links()
        if not (ROOT / target).exists() or (anchor and anchor not in anchors(target))
    ]

    assert lost == []
    assert len(list(links())) > 100


def test_the_site_takes_nothing_from_elsewhere() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    assert "font: false" in config
    assert re.findall(r"https?://", config) == []
