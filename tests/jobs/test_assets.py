"""Local data are another asset when, and only when, a byte of them is another one, whoever synthesizes the app."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

ROOT = Path(__file__).parents[2]

APP = """
import json, sys
from pathlib import Path
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs_lib import AutoMLJob, AutoMLJobV2, Channel, FeatureSpecification, ImageClassification

data = Path(sys.argv[1])
app = cdk.App(analytics_reporting=False)
stack = cdk.Stack(app, "Churn", synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "my-bucket")
AutoMLJob(stack, "File", training_data=Channel.from_asset(data / "churn.csv"), target_attribute="churned",
    features=FeatureSpecification.of({"age": "numeric", "plan": "categorical"}))
AutoMLJobV2(stack, "Folder", training_data=Channel.from_asset(data / "digits"), problem=ImageClassification())
AutoMLJob(stack, "Manifest", target_attribute="y",
    training_data=Channel.from_manifest_asset(data / "parts.manifest", bucket=bucket, data_prefix="parts/"))
template = json.loads(Path(app.synth().get_stack_by_name("Churn").template_full_path).read_text())
template["Resources"] = {name: each for name, each in template["Resources"].items() if "CustomCDK" not in name}
print(json.dumps(template))
"""


def write(data: Path, *, first: str) -> None:
    """Data whose size and times never differ; `first` has three bytes."""
    rows = "".join(f"{20 + n % 50},{'basic' if n % 3 else 'gold'},{'yes' if n % 2 else 'no'}\n" for n in range(600))
    files = {
        "churn.csv": f"age,plan,churned\n{rows[:-4]}{first}\n".encode(),
        **{f"digits/{name}/1.png": b"\x89PNG\r\n\x1a\n" + f"{name}{first}".encode() for name in ("zero", "one")},
        "parts.manifest": json.dumps([{"prefix": "s3://my-bucket/parts/"}, f"{first}.csv"]).encode(),
    }
    for name, content in files.items():
        file = data / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)  # in place: its number stays
        os.utime(file, (1_700_000_000, 1_700_000_000))


def synthesized(data: Path, home: Path, place: Path, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", APP, str(data)],
        cwd=place,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            "CDK_VALIDATION": os.environ["CDK_VALIDATION"],
            "TMPDIR": str(home),
            **environment,
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return cast("dict[str, Any]", json.loads(done.stdout))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The app's template: as it is, made elsewhere, and with other data of the same sizes and times."""
    folder = tmp_path_factory.mktemp("assets")
    data, home, place = folder / "data", folder / "home", folder / "place"
    home.mkdir()
    place.mkdir()
    write(data, first="yes")
    made = {
        "first": synthesized(data, home, place, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C"),
        "elsewhere": synthesized(data, home, folder, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C.UTF-8"),
    }
    write(data, first="no\r")
    made["changed"] = synthesized(data, home, place, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    return made


def data_of(template: dict[str, Any]) -> dict[str, str]:
    """What each job reads, as text; and its features."""
    jobs = {
        name: each["Properties"]["Request"]
        for name, each in template["Resources"].items()
        if each["Type"] == "Custom::SageMakerAutoMLJob"
    }
    found = {}
    for name, request in jobs.items():
        (channel,) = request.get("InputDataConfig") or request["AutoMLJobInputDataConfig"]
        found[name] = json.dumps(channel["DataSource"]["S3DataSource"]["S3Uri"])
        if features := request.get("AutoMLJobConfig", {}).get("CandidateGenerationConfig"):
            found["features"] = json.dumps(features["FeatureSpecificationS3Uri"])
    return found


def test_same_data_are_the_same_assets_whoever_synthesizes(templates: dict[str, dict[str, Any]]) -> None:
    """Neither the order of sets, nor the zone, the language or the folder shows in a template: it would train again."""
    assert templates["elsewhere"] == templates["first"]


def test_other_data_of_the_same_sizes_and_times_are_other_assets(templates: dict[str, dict[str, Any]]) -> None:
    """From 2.254 on the CDK remembers hashes between runs by a file's number, size and time: they were "no changes"."""
    before, after = data_of(templates["first"]), data_of(templates["changed"])

    assert len(before) == 4
    assert {name: before[name] == after[name] for name in before} == {
        **dict.fromkeys(before, False),
        "features": True,
    }


NAMES = ("53975f24328b2190", "40d15a0448c11223", "35ec6caa03d1a4dc", "bc182883ed99ab39")
"""What the names of the file, the folder, the manifest and the features above begin with."""


def test_assets_are_called_after_their_content_alone(templates: dict[str, dict[str, Any]]) -> None:
    """These hold with every Python and every CDK: with other names all deployed jobs would train again."""
    found = " ".join(data_of(templates["first"]).values())

    assert [name for name in NAMES if f"/{name}" not in found] == []
