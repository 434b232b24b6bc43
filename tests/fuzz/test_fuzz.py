"""A sample of all props and odd values, the same every time; `python3 dev.py soak` tries all of them."""

import pytest

from constructs_lib import Channel

from .fuzz import judge_all, sample
from .subjects import SUBJECTS, World, public_callables
from .verdict import faults

SEED = 10
PAIRS = 200
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_odd_value_is_told_or_leads_to_a_sound_request(part: int) -> None:
    chosen = sample(PAIRS, SEED)[part::PARTS]

    assert [f"{pair}: {fault}" for pair, fault in judge_all(chosen)] == []


def test_every_public_callable_is_tried() -> None:
    tried = {getattr(subject.of, "__func__", subject.of) for subject in SUBJECTS}

    assert [each for each in public_callables() if getattr(each, "__func__", each) not in tried] == []


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ({"MemorySizeInMB": 1}, "MemorySizeInMB is below 1024: 1"),
        ({"MemorySizeInMB": "nine"}, "MemorySizeInMB is no number: 'nine'"),
        ({"MaxConcurrency": 2.5}, "MaxConcurrency is no whole number: 2.5"),
    ],
)
def test_template_that_no_service_takes_is_seen(template: dict[str, object], fault: str) -> None:
    config = {"ProductionVariants": [{"VariantName": "A", "ServerlessConfig": template}]}
    resource = {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config}

    assert [each for each in faults({"Resources": {"A": resource}}) if each.endswith(fault)]


def test_sound_calls_are_sound() -> None:
    for subject in SUBJECTS[:12]:
        subject.call(World())


def test_sound_file_is_sound() -> None:
    [subject] = [each for each in SUBJECTS if each.of == Channel.from_asset]
    world = World()
    subject.call(world)

    world.app.synth()
