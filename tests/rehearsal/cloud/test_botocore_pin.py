"""The command that compares the pinned botocore with another."""

import copy
import runpy
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

PIN: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "reference" / "botocore_pin.py"))
MODEL: dict[str, Any] = {
    "metadata": {"protocol": "json"},
    "operations": {"Make": {"name": "Make", "input": {"shape": "Asked"}}},
    "shapes": {
        "Asked": {
            "type": "structure",
            "required": ["Name"],
            "members": {"Name": {"shape": "Name"}, "Parts": {"shape": "Parts"}, "Old": {"shape": "Name"}},
        },
        "Parts": {"type": "list", "max": 2, "member": {"shape": "Part"}},
        "Part": {"type": "structure", "members": {"Kind": {"shape": "Kind"}, "Within": {"shape": "Part"}}},
        "Kind": {"type": "string", "enum": ["a", "b"]},
        "Name": {"type": "string", "max": 63},
    },
}


def changed() -> dict[str, Any]:
    newer = copy.deepcopy(MODEL)
    shapes = newer["shapes"]
    shapes["Asked"]["required"] = ["Name", "Parts"]
    del shapes["Asked"]["members"]["Old"]
    shapes["Asked"]["members"]["More"] = {"shape": "More"}
    shapes["More"] = {"type": "structure", "members": {"Deep": {"shape": "Name"}}}
    shapes["Kind"]["enum"].append("c")
    shapes["Name"]["max"] = 64
    return newer


def test_what_is_new_gone_or_different_is_told() -> None:
    before, after = (PIN["facts"](ServiceModel(model), "Make") for model in (MODEL, changed()))
    assert list(PIN["differences"](before, after)) == [
        "Make input.More is new: structure",
        "Make input.Name: max was 63, is 64",
        "Make input.Old is gone",
        "Make input.Parts: required was False, is True",
        "Make input.Parts[].Kind: enum was a, b, is a, b, c",
    ]
    assert list(PIN["differences"](before, before)) == []


@pytest.mark.parametrize("service", PIN["served"]())
def test_every_operation_that_is_served_is_looked_at(service: str) -> None:
    class Elsewhere(Loader):  # type: ignore[misc]
        """A botocore that knows no operation at all."""

        def load_service_model(self, name: str, kind: str) -> dict[str, Any]:
            return {**super().load_service_model(name, kind), "operations": {}}

    told = list(PIN["changes"](service, Loader(), Elsewhere()))
    assert told == [f"{operation} is gone" for operation in PIN["served"]()[service]]
    assert list(PIN["changes"](service, Loader(), Loader())) == []
