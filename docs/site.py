"""Hooks of mkdocs: pages of the checkout outside of `docs/`, and the files that pages name, become pages of the site.

So a link is written as it works in the checkout, and works in the site too.
"""

import posixpath
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = {
    "README.md": "overview.md",  # mkdocs takes a README for the index of its folder
    "examples/README.md": "examples/index.md",
    **{
        f"examples/{path.parent.name}/README.md": f"examples/{path.parent.name}/index.md"
        for path in sorted(ROOT.glob("examples/*/README.md"))
    },
    **{name: name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")},
}
"""Pages of the checkout, and what they are called in the site."""

EXAMPLES: Final = "examples"
_LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)(?P<path>[^)#\s]*)(?P<anchor>#[^)\s]*)?(?=\))")
_CELL = re.compile(r"<td>.*?</td>", re.DOTALL)
_LONG = re.compile(r"(?<=<code>)[^<]{16,}(?=</code>)")
_CODE = re.compile(r"`[^`]+`")
_FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside of `docs/`."""
    for name, uri in PAGES.items():
        files.append(File.generated(config, uri, content=(ROOT / name).read_text(encoding="utf-8")))
    for path in sorted(ROOT.glob(f"{EXAMPLES}/*/*.svg")):
        files.append(
            File.generated(config, path.relative_to(ROOT).as_posix(), content=path.read_text(encoding="utf-8"))
        )
    for path in sorted(path for path in ROOT.glob(f"{EXAMPLES}/**/*.py") if path.parent.name != "data"):
        name = path.relative_to(ROOT).as_posix()
        text = f"# `{name}`\n\n```python\n{path.read_text(encoding='utf-8')}```\n"
        files.append(File.generated(config, f"{name}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have links lead to where things are in the site."""
    del config
    here = page.file.src_uri
    # Where the page lies in the checkout, as its links see it.
    place = here if here in PAGES.values() or here.startswith(f"{EXAMPLES}/") else f"docs/{here}"

    def led(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), link["path"])) if link["path"] else ""
        found = next((uri for uri in _uris(target) if target and files.get_file_from_path(uri)), None)
        if found is None:
            return link[0]
        return posixpath.relpath(found, posixpath.dirname(here) or ".") + (link["anchor"] or "")

    def made(text: str) -> str:
        # In code in a table GitHub wants a pipe escaped, and Python's Markdown shows the backslash then.
        lines = (_CODE.sub(_without_escapes, line) if line.startswith("|") else line for line in text.split("\n"))
        return _LINK.sub(led, "\n".join(lines))

    parts, last = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [made(markdown[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, made(markdown[last:])])


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let long names in tables break where a reader would break them."""
    del page, config, files
    return _CELL.sub(lambda cell: _LONG.sub(lambda code: re.sub(r"([._/](?=\w))", r"\1<wbr>", code[0]), cell[0]), html)


def _without_escapes(code: re.Match[str]) -> str:
    return code[0].replace("\\|", "|")


def _uris(target: str) -> list[str]:
    """What a place of the checkout may be called in the site."""
    inside = PAGES.get(target, target.removeprefix("docs/"))
    return [inside, f"{inside}.md", f"{inside}/index.md"]
