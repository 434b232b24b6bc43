"""The examples' pages: each has its picture, and is in the list."""

import re

import pytest

from docs.pictures import flows

from .blocks import ROOT, pages

WITH_PAGE = sorted(page.split("/")[1] for page in pages() if re.fullmatch(r"examples/\w+/README\.md", page))


@pytest.mark.parametrize("name", flows.FLOWS)
def test_picture_is_current(name: str) -> None:
    path = ROOT / "examples" / name / "flow.svg"

    assert path.read_text(encoding="utf-8") == flows.pictures()[path], "run python docs/pictures/flows.py"


@pytest.mark.parametrize("name", flows.FLOWS)
def test_texts_of_a_picture_stay_in_their_places(name: str) -> None:
    flow = flows.FLOWS[name]

    assert flows.too_long(flow) == []
    assert len({(box.column, box.row) for box in flow.boxes.values()}) == len(flow.boxes)
    assert {each for start, end, _ in flow.arrows for each in (start, end)} == flow.boxes.keys()


def test_text_that_leaves_its_box_is_found() -> None:
    long = "x" * 60
    box = flows.Box(0, 0, "Box", (long,))
    flow = flows.Flow("", {"a": box, "b": flows.Box(1, 0, long)}, (("a", "b", long),))

    assert flows.too_long(flow) == [long] * 3


@pytest.mark.parametrize("name", WITH_PAGE)
def test_page_of_an_example_shows_a_picture_and_how_to_run_it(name: str) -> None:
    text = pages()[f"examples/{name}/README.md"]

    pictures = re.findall(r"!\[[^\]]+\]\(([\w./-]+\.svg)\)", text)
    assert pictures
    assert all((ROOT / "examples" / name / picture).is_file() for picture in pictures)
    assert re.search(rf"^\$ (automl rehearse .*|cd )examples/{name}\b", text, re.MULTILINE)


def test_every_example_is_in_the_list_and_leads_to_its_page() -> None:
    listed = dict(re.findall(r"^\| \[(\w+)\]\(\1/([\w.]+)\) \|", pages()["examples/README.md"], re.MULTILINE))
    folders = {path.parent.name for path in ROOT.glob("examples/*/*.py")}

    assert listed.keys() == folders
    assert {name for name, leads_to in listed.items() if leads_to == "README.md"} == {*WITH_PAGE}
    assert {*flows.FLOWS} <= {*WITH_PAGE}
