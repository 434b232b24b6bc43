"""Variants of an app are made by editing its cloud assembly as another synthesis would have written it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.assembly import Assembly, Job, environment_of
from constructs_lib.rehearsal.failures import CannotStartError

JOB: dict[str, Any] = {
    "Type": "Custom::SageMakerAutoMLJob",
    "Properties": {"Request": {"RoleArn": "r"}, "Revision": "1"},
}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


class Folder:
    """Writes a cloud assembly by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.artifacts: dict[str, Any] = {}
        self.write()

    def write(self) -> None:
        write(self.path / "manifest.json", {"version": "55.0.0", "artifacts": self.artifacts})
        (self.path / "cdk.out").write_text("{}")

    def stack(
        self,
        name: str,
        resources: dict[str, Any],
        *,
        environment: str = "aws://unknown-account/unknown-region",
        nested: tuple[str, ...] = (),
        needs: tuple[str, ...] = (),
        **properties: object,
    ) -> None:
        template = f"{name}.template.json"
        write(self.path / template, {"Resources": resources})
        files = {}
        for file in (template, *nested):
            key = digest(self.path / file)
            files[key] = {
                "source": {"path": file, "packaging": "file"},
                "destinations": {"here": {"bucketName": "assets", "objectKey": f"prefix/{key}.json"}},
            }
        write(self.path / f"{name}.assets.json", {"version": "55.0.0", "files": files, "dockerImages": {}})
        self.artifacts[f"{name}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{name}.assets.json"},
        }
        self.artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": {
                "templateFile": template,
                "stackTemplateAssetObjectUrl": f"s3://assets/prefix/{digest(self.path / template)}.json",
                **properties,
            },
            "dependencies": [*needs, f"{name}.assets"],
            "displayName": name,
        }
        self.write()

    def expect_consistent(self, name: str) -> None:
        """Each template is called by its own hash, everywhere."""
        files = load(self.path / f"{name}.assets.json")["files"]
        for key, asset in files.items():
            assert key == digest(self.path / asset["source"]["path"])
            assert asset["destinations"]["here"]["objectKey"] == f"prefix/{key}.json"
        url = load(self.path / "manifest.json")["artifacts"][name]["properties"]["stackTemplateAssetObjectUrl"]
        assert url == f"s3://assets/prefix/{digest(self.path / f'{name}.template.json')}.json"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "cdk.out")


def only_job(folder: Folder) -> Job:
    [job] = [job for stack in Assembly.read(folder.path).stacks for job in Job.all_of(stack)]
    return job


def resource(folder: Folder, template: str = "Plain.template.json", name: str = "Job") -> dict[str, Any]:
    found: dict[str, Any] = load(folder.path / template)["Resources"][name]
    return found


def test_training_again_is_another_revision_under_another_asset_key(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB})
    before = digest(folder.path / "Plain.template.json")

    only_job(folder).train_again(2)

    assert resource(folder)["Properties"]["Revision"] == "1 rehearsal 2"
    assert digest(folder.path / "Plain.template.json") != before
    folder.expect_consistent("Plain")


def test_training_again_changes_nothing_but_the_revision(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB, "Bucket": {"Type": "AWS::S3::Bucket"}})
    only_job(folder).train_again(2)
    assert resource(folder)["Properties"]["Request"] == {"RoleArn": "r"}
    assert resource(folder, name="Bucket") == {"Type": "AWS::S3::Bucket"}


def test_job_without_a_revision_gets_one(folder: Folder) -> None:
    folder.stack("Plain", {"Job": {"Type": "Custom::SageMakerAutoMLJob", "Properties": {"Request": {}}}})
    only_job(folder).train_again(2)
    assert resource(folder)["Properties"]["Revision"] == "rehearsal 2"


def test_job_named_by_the_user_gets_another_name_of_32_characters_at_most(folder: Folder) -> None:
    name = "n" * 29 + "-xy"
    folder.stack("Plain", {"Job": {**JOB, "Properties": {"Request": {"AutoMLJobName": name}}}})
    only_job(folder).train_again(2)
    again = resource(folder)["Properties"]["Request"]["AutoMLJobName"]
    assert again == "n" * 29 + "-2"
    assert len(again) <= 32


def test_policies_say_the_new_name_of_a_named_job(folder: Folder) -> None:
    def policy(name: str) -> dict[str, Any]:
        arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":sagemaker:r:a:automl-job/{name}"]]}
        return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Resource": [arn, "arn:aws:s3:::churn"]}}

    named = {**JOB, "Properties": {"Request": {"AutoMLJobName": "churn"}}}
    folder.stack("Plain", {"Job": named, "Policy": policy("churn"), "Other": policy("churn-too")})
    job = only_job(folder)

    job.train_again(2)
    assert resource(folder, name="Policy") == policy("churn-2")
    assert resource(folder, name="Other") == policy("churn-too")

    job.train_again(3)
    assert resource(folder, name="Policy") == policy("churn-3")
    assert resource(folder)["Properties"]["Request"]["AutoMLJobName"] == "churn-3"
    folder.expect_consistent("Plain")


def test_job_named_by_a_token_cannot_be_replaced(folder: Folder) -> None:
    folder.stack("Plain", {"Job": {**JOB, "Properties": {"Request": {"AutoMLJobName": {"Ref": "Name"}}}}})
    assert not only_job(folder).can_be_replaced


def test_added_tag_joins_the_tags_of_the_request(folder: Folder) -> None:
    team = {"Key": "team", "Value": "ml"}
    folder.stack("Plain", {"Job": {**JOB, "Properties": {"Request": {"Tags": [team]}}}})
    only_job(folder).add_tag("k", "v")
    assert resource(folder)["Properties"]["Request"]["Tags"] == [team, {"Key": "k", "Value": "v"}]
    folder.expect_consistent("Plain")


def test_added_failure_waits_for_the_job_and_for_a_signal_that_never_comes(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB})
    only_job(folder).add_failure("Never")
    condition = resource(folder, name="Never")
    assert condition["DependsOn"] == ["Job"]
    assert condition["Properties"]["Timeout"] == "1"
    folder.expect_consistent("Plain")


def test_edits_add_up(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB})
    job = only_job(folder)
    job.train_again(2)
    job.add_tag("k", "v")
    job.train_again(3)
    properties = resource(folder)["Properties"]
    assert properties["Revision"] == "1 rehearsal 3"
    assert properties["Request"]["Tags"] == [{"Key": "k", "Value": "v"}]
    folder.expect_consistent("Plain")


def test_nested_stack_is_edited_and_the_template_around_it_points_to_it(folder: Folder) -> None:
    inner = write(folder.path / "Inner.nested.template.json", {"Resources": {"Job": JOB}})
    url = {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, f"/assets/{digest(inner)}.json"]]}
    nest = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": url},
        "Metadata": {"aws:asset:path": inner.name},
    }
    folder.stack("Outer", {"Nest": nest}, nested=(inner.name,))

    job = only_job(folder)
    job.train_again(2)

    assert job.templates == ("Outer.template.json", inner.name)
    assert resource(folder, inner.name)["Properties"]["Revision"] == "1 rehearsal 2"
    pointed = resource(folder, "Outer.template.json", "Nest")["Properties"]["TemplateURL"]["Fn::Join"][1][2]
    assert pointed == f"/assets/{digest(inner)}.json"
    folder.expect_consistent("Outer")


def test_stack_of_equal_content_keeps_its_key(folder: Folder) -> None:
    """Two stacks of the same template share a hash; only the one that is edited gets another."""
    folder.stack("One", {"Job": JOB})
    folder.stack("Two", {"Job": JOB})
    one, two = Assembly.read(folder.path).stacks
    Job.all_of(one)[0].train_again(2)
    folder.expect_consistent("One")
    folder.expect_consistent("Two")
    assert Job.all_of(two)[0].properties["Revision"] == "1"


def test_stack_without_template_asset_is_edited_in_place(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB})
    write(folder.path / "Plain.assets.json", {"version": "55.0.0", "files": {}})
    only_job(folder).train_again(2)
    assert resource(folder)["Properties"]["Revision"] == "1 rehearsal 2"


def test_stacks_of_stages_are_found_by_their_path_and_edited_where_they_are(tmp_path: Path) -> None:
    inner = Folder(tmp_path / "cdk.out" / "assembly-Prod")
    inner.stack("ProdStack", {"Job": JOB}, stackName="Prod-Stack")
    inner.artifacts["ProdStack"]["displayName"] = "Prod/Stack"
    inner.write()
    outer = Folder(tmp_path / "cdk.out")
    outer.artifacts["assembly-Prod"] = {
        "type": "cdk:cloud-assembly",
        "properties": {"directoryName": "assembly-Prod"},
    }
    outer.write()

    [stack] = Assembly.read(outer.path).stacks
    Job.all_of(stack)[0].train_again(2)

    assert (stack.path, stack.name) == ("Prod/Stack", "Prod-Stack")
    inner.expect_consistent("ProdStack")


def test_chosen_stack_brings_what_it_needs_and_nothing_else(folder: Folder) -> None:
    folder.stack("Base", {})
    folder.stack("Middle", {}, needs=("Base",))
    folder.stack("Top", {"Job": JOB}, needs=("Middle",))
    folder.stack("Other", {})
    assert {stack.path for stack in Assembly.read(folder.path).choose(["Top"])} == {"Base", "Middle", "Top"}


def test_unknown_stack_is_refused_with_those_there_are(folder: Folder) -> None:
    folder.stack("Churn", {})
    folder.stack("Demand", {})
    with pytest.raises(CannotStartError, match="no stack is called 'Chrun'; the app has: Churn, Demand"):
        Assembly.read(folder.path).choose(["Chrun"])


def test_app_without_stacks_is_refused(folder: Folder) -> None:
    with pytest.raises(CannotStartError, match="the app has no stack"):
        Assembly.read(folder.path).choose([])


def test_environment_is_the_one_that_is_named(folder: Folder) -> None:
    folder.stack("Any", {})
    folder.stack("Explicit", {}, environment="aws://210987654321/eu-central-1")
    assert environment_of(Assembly.read(folder.path).stacks) == ("210987654321", "eu-central-1")


def test_several_environments_are_refused(folder: Folder) -> None:
    folder.stack("Here", {}, environment="aws://210987654321/eu-central-1")
    folder.stack("There", {}, environment="aws://210987654321/us-east-1")
    with pytest.raises(CannotStartError, match=r"several environments \(210987654321/eu-central-1, 210987654321/us-e"):
        environment_of(Assembly.read(folder.path).stacks)


def test_termination_protection_is_left_out(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB}, terminationProtection=True)
    Assembly.read(folder.path)
    assert "terminationProtection" not in load(folder.path / "manifest.json")["artifacts"]["Plain"]["properties"]


@pytest.mark.parametrize("content", ["", "[]", '{"artifacts": {"X": {"type": "aws:cloudformation:stack"}}}'])
def test_folder_that_is_no_assembly_is_refused(content: str, folder: Folder) -> None:
    (folder.path / "manifest.json").write_text(content)
    with pytest.raises(CannotStartError, match=r"cdk\.out is not a cloud assembly"):
        Assembly.read(folder.path)


def waited(job: str = "Job", condition: str = "OutcomeWait0A1B2C3D4E5F", **outcome: Any) -> dict[str, Any]:
    """A job, the condition that waits for it, and its outcome."""
    conditions = [{"LogicalId": condition, "Seconds": 300}]
    properties = {**JOB["Properties"], "Watch": {"StateMachine": "arn", "Conditions": conditions}}
    return {
        job: {**JOB, "Properties": properties},
        condition: {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": [job]},
        "Outcome": {
            "Type": "Custom::SageMakerAutoMLOutcome",
            "Properties": {"JobName": {"Ref": job}, **outcome},
            "DependsOn": [condition],
        },
    }


def watched(job_name: object, condition: str = "OutcomeWait0A1B2C3D4E5F") -> dict[str, Any]:
    """A watch over a job of another stack, and the condition that waits for it."""
    conditions = [{"LogicalId": condition, "Seconds": 300}]
    return {
        "Watch": {
            "Type": "Custom::SageMakerAutoMLWatch",
            "Properties": {"JobName": job_name, "Watch": {"StateMachine": "arn", "Conditions": conditions}},
        },
        condition: {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": ["Watch"]},
        "Outcome": {"Type": "Custom::SageMakerAutoMLOutcome", "Properties": {"JobName": job_name}},
    }


def conditions_in(folder: Folder, template: str, name: str) -> list[str]:
    """The logical ids that a resource has signalled, each of which has to be a condition of the template."""
    resources = load(folder.path / template)["Resources"]
    listed = [each["LogicalId"] for each in resources[name]["Properties"]["Watch"]["Conditions"]]
    there = [each for each, found in resources.items() if found["Type"] == "AWS::CloudFormation::WaitCondition"]
    assert listed == there
    return listed


def export(folder: Folder, template: str, outputs: dict[str, Any]) -> None:
    """Add outputs to a template that is there."""
    write(folder.path / template, {**load(folder.path / template), "Outputs": outputs})


def test_training_again_is_waited_for_at_another_condition_each_time(folder: Folder) -> None:
    folder.stack("Plain", waited())
    assembly = Assembly.read(folder.path)
    job = only_job(folder)
    assert job.conditions == ["OutcomeWait0A1B2C3D4E5F"]

    seen = set(job.conditions)
    for number in (2, 3):
        assembly.train_again(job, number)
        [condition] = conditions_in(folder, "Plain.template.json", "Job")
        assert condition.startswith("OutcomeWait")
        assert len(condition) == len("OutcomeWait0A1B2C3D4E5F")
        assert resource(folder, name="Outcome")["DependsOn"] == [condition]
        seen.add(condition)

    assert len(seen) == 3
    assert job.conditions == [condition]
    folder.expect_consistent("Plain")


def test_another_job_of_the_stack_waits_where_it_waited(folder: Folder) -> None:
    other = waited("Other", "SecondWait0A1B2C3D4E5F")
    folder.stack("Plain", {**waited(), "Other": other["Other"]})
    assembly = Assembly.read(folder.path)
    job, second = Job.all_of(assembly.stacks[0])
    assembly.train_again(job, 2)
    assert second.conditions == ["SecondWait0A1B2C3D4E5F"]


@pytest.mark.parametrize(
    "reference",
    [{"Fn::ImportValue": "Jobs:Job"}, {"Fn::GetStackOutput": {"StackName": "Jobs", "OutputName": "JobRef"}}],
    ids=["import", "output"],
)
def test_what_waits_in_another_stack_waits_again(reference: dict[str, Any], folder: Folder) -> None:
    folder.stack("Jobs", {"Job": JOB, "Other": JOB})
    export(folder, "Jobs.template.json", {"JobRef": {"Value": {"Ref": "Job"}, "Export": {"Name": "Jobs:Job"}}})
    folder.stack("Waits", watched(reference), needs=("Jobs",))
    assembly = Assembly.read(folder.path)
    job, other = Job.all_of(assembly.stacks[0])

    assembly.train_again(other, 2)
    assert conditions_in(folder, "Waits.template.json", "Watch") == ["OutcomeWait0A1B2C3D4E5F"]

    assembly.train_again(job, 2)
    assert conditions_in(folder, "Waits.template.json", "Watch") != ["OutcomeWait0A1B2C3D4E5F"]
    assert [outcome.job.place for outcome in assembly.outcomes(assembly.stacks)] == [job.place]
    folder.expect_consistent("Waits")


def test_stack_that_only_reads_what_changes_gets_a_change_of_its_own_each_time(folder: Folder) -> None:
    def reads(stack: str) -> dict[str, Any]:
        name = {"Fn::GetStackOutput": {"StackName": stack, "OutputName": "JobRef"}}
        return {"Model": {"Type": "Custom::SageMakerAutoMLModel", "Properties": {"JobName": name}}}

    folder.stack("Jobs", {"Job": JOB})
    export(folder, "Jobs.template.json", {"JobRef": {"Value": {"Ref": "Job"}}})
    folder.stack("Serves", reads("Jobs"), needs=("Jobs",))
    folder.stack("Shows", reads("Serves"), needs=("Serves",))
    folder.stack("Other", reads("Another"))
    assembly = Assembly.read(folder.path)
    job = only_job(folder)

    for number in (2, 3):
        assert [stack.path for stack in assembly.train_again(job, number)] == ["Serves", "Shows"]
        for name in ("Serves", "Shows"):
            added = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
            assert load(folder.path / f"{name}.template.json")["Resources"] == {
                **reads("Jobs" if name == "Serves" else "Serves"),
                f"RehearsalRelease{number}": added,
            }
            folder.expect_consistent(name)
    assert load(folder.path / "Other.template.json")["Resources"] == reads("Another")


def test_stack_that_waits_again_changes_by_itself(folder: Folder) -> None:
    folder.stack("Jobs", {"Job": JOB})
    export(folder, "Jobs.template.json", {"JobRef": {"Value": {"Ref": "Job"}}})
    name = {"Fn::GetStackOutput": {"StackName": "Jobs", "OutputName": "JobRef"}}
    folder.stack("Waits", watched(name), needs=("Jobs",))
    assert Assembly.read(folder.path).train_again(only_job(folder), 2) == []


def nest(file: str, **parameters: object) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "url", "Parameters": parameters},
        "Metadata": {"aws:asset:path": file},
    }


def test_what_waits_in_a_nested_stack_for_the_job_of_another_one_waits_again(folder: Folder) -> None:
    outputs = {"JobRef": {"Value": {"Ref": "Job"}}}
    write(folder.path / "Jobs.json", {"Resources": {"Job": JOB}, "Outputs": outputs})
    write(folder.path / "Waits.json", {"Resources": watched({"Ref": "Given"}), "Parameters": {"Given": {}}})
    given = {"Fn::GetAtt": ["Jobs", "Outputs.JobRef"]}
    folder.stack("Outer", {"Jobs": nest("Jobs.json"), "Waits": nest("Waits.json", Given=given)}, nested=("Jobs.json",))
    assembly = Assembly.read(folder.path)

    assembly.train_again(only_job(folder), 2)

    assert conditions_in(folder, "Waits.json", "Watch") != ["OutcomeWait0A1B2C3D4E5F"]


@pytest.mark.parametrize(
    "name",
    [
        "made-elsewhere",
        {"Ref": "AWS::StackName"},
        {"Fn::ImportValue": "unknown"},
        {"Fn::GetStackOutput": {"StackName": "Plain", "OutputName": "unknown"}},
    ],
    ids=str,
)
def test_outcome_of_a_job_made_elsewhere_belongs_to_no_job(name: object, folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB, **watched(name)})
    assembly = Assembly.read(folder.path)
    assert assembly.outcomes(assembly.stacks) == []
    assembly.train_again(only_job(folder), 2)
    assert conditions_in(folder, "Plain.template.json", "Watch") == ["OutcomeWait0A1B2C3D4E5F"]


def test_added_failure_comes_after_what_waits_for_the_job(folder: Folder) -> None:
    folder.stack("Plain", waited())
    only_job(folder).add_failure("Never")
    assert resource(folder, name="Never")["DependsOn"] == ["Job", "Outcome"]


def test_open_gates_warn_and_others_stay_as_they_are(folder: Folder) -> None:
    folder.stack("Strict", waited(Gate={"Rule": "AtLeast", "Value": 0.9, "OnMiss": "fail"}))
    folder.stack("Mild", waited(Gate={"Rule": "AtLeast", "Value": 0.9, "OnMiss": "warn"}))
    folder.stack("Ungated", waited())
    assembly = Assembly.read(folder.path)

    assert assembly.open_gates(assembly.stacks) == 1

    gates = [outcome.properties.get("Gate") for outcome in assembly.outcomes(assembly.stacks)]
    assert gates == [{"Rule": "AtLeast", "Value": 0.9, "OnMiss": "warn"}] * 2 + [None]
    folder.expect_consistent("Strict")
