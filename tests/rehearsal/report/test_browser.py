"""The page in a real browser: on a phone and on a desk, light and dark, by a checker of accessibility, and offline.

Needs Chromium (`apt-get install chromium`) and, for the checker, axe-core, which `python3 dev.py test` provides.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape, unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.report.page import rendered

from .sample import FULL

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = os.environ.get("AXE_CORE", "")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
PAGE = rendered(FULL).replace("<details", "<details open")
"""With everything open: what is closed is not looked at."""

DARK = ["--blink-settings=preferredColorScheme=0"]
LIGHT = ["--blink-settings=preferredColorScheme=1"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here: apt-get install chromium"),
]


def opened(page: Path | str, tmp_path: Path, *options: str) -> str:
    """The page as it is once its scripts have run."""
    profile = tmp_path / f"profile-{len(list(tmp_path.iterdir()))}"
    where = page if isinstance(page, str) else page.as_uri()
    done = subprocess.run(
        [str(BROWSER), *QUIET, f"--user-data-dir={profile}", *options, "--dump-dom", where],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


def answered(page: str, script: str, tmp_path: Path, *options: str) -> Any:
    """What a script of ours finds on the page, whose policy would not let it run: it is taken out for that."""
    policy = re.compile(r"<meta http-equiv=[^>]*>")
    assert len(policy.findall(page)) == 1
    file = tmp_path / "page.html"
    file.write_text(policy.sub("", page).replace("</body>", f"{script}</body>"), encoding="utf-8")
    found = re.search(r'<pre id="answer">(.*?)</pre>', opened(file, tmp_path, *options), re.DOTALL)
    assert found, "the script did not answer"
    return json.loads(unescape(found[1]))


ANSWER = """<script>
function answer(found) {
  const place = document.createElement("pre");
  place.id = "answer";
  place.textContent = JSON.stringify(found);
  document.body.append(place);
}
</script>"""


@pytest.mark.skipif(not AXE, reason="AXE_CORE names no axe.min.js: python3 dev.py test provides it")
@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_checker_of_accessibility_finds_nothing(scheme: list[str], tmp_path: Path) -> None:
    problems, passes = checked(PAGE, tmp_path, *scheme, "--window-size=1200,900")
    assert problems == []
    assert {"color-contrast", "document-title", "html-has-lang", "region"} <= passes


def checked(page: str, tmp_path: Path, *options: str) -> tuple[list[str], set[str]]:
    """What the checker of accessibility finds wrong, and the rules that hold."""
    axe = Path(AXE).read_text(encoding="utf-8").replace("</script", "<\\/script")
    script = f"<script>{axe}</script>{ANSWER}<script>axe.run(document).then(answer, answer);</script>"
    found = answered(page, script, tmp_path, *options, "--virtual-time-budget=60000")
    problems = [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]
    return problems, {each["id"] for each in found["passes"]}


@pytest.mark.skipif(not AXE, reason="AXE_CORE names no axe.min.js: python3 dev.py test provides it")
def test_checker_of_accessibility_would_find_something(tmp_path: Path) -> None:
    axe = Path(AXE).read_text(encoding="utf-8").replace("</script", "<\\/script")
    script = f"<script>{axe}</script>{ANSWER}<script>axe.run(document).then(answer, answer);</script>"
    faint = PAGE.replace("--quiet: #4d5a67;", "--quiet: #c0c7ce;").replace('lang="en"', "")
    found = answered(faint, script, tmp_path, *LIGHT, "--virtual-time-budget=60000")
    assert {"color-contrast", "html-has-lang"} <= {each["id"] for each in found["violations"]}


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_is_as_wide_as_the_screen(width: int, tmp_path: Path) -> None:
    assert widths(PAGE, width, tmp_path) == (width, width)


def widths(page: str, width: int, tmp_path: Path) -> tuple[int, int]:
    """The width of the page's window, and the one that it needs."""
    measure = f"""{ANSWER}<script>answer({{
      width: document.documentElement.clientWidth,
      needed: document.documentElement.scrollWidth,
    }});</script>"""
    # In a frame: a window of Chromium has a least width.
    inner = re.sub(r"<meta http-equiv=[^>]*>", "", page).replace("</body>", f"{measure}</body>")
    frame = f'<iframe id="phone" width="{width}" height="800" style="border:0" srcdoc="{escape(inner)}"></iframe>'
    copy = """<script>document.getElementById("phone").onload = (event) =>
      document.body.append(event.target.contentDocument.getElementById("answer").cloneNode(true));</script>"""
    file = tmp_path / "frame.html"
    file.write_text(f"<!DOCTYPE html><body>{frame}{copy}</body>", encoding="utf-8")
    shown = opened(file, tmp_path, "--virtual-time-budget=20000", "--window-size=1400,900")
    found = re.search(r'</script><pre id="answer">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown[-500:]
    measured = json.loads(unescape(found[1]))
    return measured["width"], measured["needed"]


EVIL_PAGE = PAGE.replace("</body>", "<script>document.title = 'ran'</script><img src='http://elsewhere.test/x'></body>")


@pytest.mark.parametrize("page", [PAGE, EVIL_PAGE], ids=["as it is", "with a script and a picture"])
def test_page_asks_for_nothing_and_runs_no_script(page: str, tmp_path: Path) -> None:
    title, asked = visited(page, tmp_path)
    assert title.startswith("Rehearsal of Loans")
    assert asked == ["http://report.test/page.html"]


def test_without_its_policy_a_script_and_a_picture_would_be_noticed(tmp_path: Path) -> None:
    title, asked = visited(re.sub(r"<meta http-equiv=[^>]*>", "", EVIL_PAGE), tmp_path)
    assert title == "ran"
    assert "http://elsewhere.test/x" in asked


def visited(page: str, tmp_path: Path) -> tuple[str, list[str]]:
    """The page's title in the end, and what was asked of any server for it."""
    with served(page) as (address, asked):
        shown = opened(
            "http://report.test/page.html",
            tmp_path,
            f"--proxy-server={address}",
            "--proxy-bypass-list=<-loopback>",
            "--virtual-time-budget=5000",
        )
    found = re.search(r"<title>(.*?)</title>", shown)
    assert found
    # The browser itself looks for updates and the like: not the page.
    return found[1], [path for path in asked if ".test/" in path]


@contextmanager
def served(page: str) -> Iterator[tuple[str, list[str]]]:
    """A proxy on the loopback interface that answers everything with the page, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def do_CONNECT(self) -> None:
            self.send_error(502)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
