"""What the API of models and of the Model Registry does. None of it runs anything."""

from collections.abc import Iterator
from typing import Any, Final

from constructs_lib.runtime.contract import OwnerTag

from .. import policies
from ..aws import is_an_answer, is_denied, refusal, told
from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, refused, unchecked
from ..stack import Resources, Stack, bucket, role, role_of
from ..things import MODEL
from .access import allowed_and_denied
from .jobs import owners

_IMAGE: Final = "763104351884.dkr.ecr.{region}.amazonaws.com/autogluon-inference:0.4.3-cpu-py38-ubuntu20.04"
"""An image that candidates of the ensembling mode were seen with, where this run has no candidate. It is never run.

https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/ecr-us-east-1.html
"""

_MODEL_KEY: Final = "model.tar.gz"

OTHER_METADATA: Final = {"automl-reports": "none could be listed"}
"""What the metadata of a version hold besides, if its reports could not be listed when it was registered again."""


def _container(run: Run, stack: Stack) -> dict[str, str]:
    known = run.candidate.containers[0]["Image"] if run.candidate else _IMAGE.format(region=run.aws.region)
    run.aws.client("s3").put_object(Bucket=stack["Bucket"], Key=_MODEL_KEY, Body=b"")
    return {
        "Image": known,
        "ModelDataUrl": f"s3://{stack['Bucket']}/{_MODEL_KEY}",
    }


class Models(Probe):
    """A model with the tag of its owner, and two roles of which one is that."""

    ids = ("tags-of-models",)
    makes = "a bucket, a model that serves nothing, and three roles"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        serving = role_of("sagemaker.amazonaws.com", *policies.SERVING, *policies.data("", "*", "out/"))
        return {"Bucket": bucket(), "Role": serving, **owners(run.aws, "model", policies.OWN_MODELS)}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        name = run.aws.name("model")
        asked = {
            "ModelName": name,
            "ExecutionRoleArn": stack["RoleArn"],
            "PrimaryContainer": _container(run, stack),
            "Tags": [*run.aws.tags, {"Key": OwnerTag.STACK.value, "Value": stack.id}],
        }
        run.ledger.note(MODEL, name)
        attempts: list[Any] = []

        def attempt() -> bool:
            attempts.append(refusal(lambda: run.aws.client("sagemaker").create_model(**asked)))
            return attempts[-1] is None

        if not run.aws.until(attempt, seconds=60, every=10):
            yield "tags-of-models", unchecked("The model was not made", told(attempts[-1]))
            return
        arn = run.aws.arn("sagemaker", f"model/{name}")

        def calls(sagemaker: Any) -> dict[str, Any]:
            return {
                "DescribeModel": lambda: sagemaker.describe_model(ModelName=name),
                "ListTags": lambda: sagemaker.list_tags(ResourceArn=arn),
            }

        owner, stranger = (stack.clients_of(each)("sagemaker") for each in ("Owner", "Stranger"))
        seen = allowed_and_denied(run, calls(owner), calls(stranger), "its owner's tag", "another owner's tag")
        # The stranger first: what is gone refuses nobody.
        if refusal(lambda: stranger.delete_model(ModelName=name)) is None:
            seen = differs("A policy that names another owner's tag was no obstacle to DeleteModel")
        elif seen.verdict == "agrees" and (error := refusal(lambda: owner.delete_model(ModelName=name))):
            text = "A policy that names its owner's tag does not allow DeleteModel"
            seen = refused(text, told(error), is_an_answer=is_denied(error))
        yield "tags-of-models", seen


class Registry(Probe):
    """A version that is registered again with the same token, by a role that may read no object."""

    ids = ("client-token", "registry-objects", "token-metadata")
    makes = "a bucket, a model package group with a version, and a role"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        group = run.aws.name("group")
        return {
            "Bucket": bucket(),
            "Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": group}},
            "Registrar": role(run.aws, policies.registry(group)),
        }

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        asked = {
            "ModelPackageGroupName": run.aws.name("group"),
            "InferenceSpecification": {
                "Containers": [_container(run, stack)],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "CustomerMetadataProperties": {"run": run.aws.run},
            "ClientToken": f"automl-verify-{run.aws.run}",
        }
        other = {**asked, "CustomerMetadataProperties": {"run": run.aws.run, **OTHER_METADATA}}
        registrar = stack.clients_of("Registrar")("sagemaker")
        made: list[str] = []

        def register(request: dict[str, Any]) -> None:
            made.append(registrar.create_model_package(**request)["ModelPackageArn"])

        error = refusal(lambda: run.aws.patiently(lambda: register(asked)))
        if error:
            objects = "s3" in told(error).lower()
            seen = differs if objects else unchecked
            yield "registry-objects", seen("The registration was refused", told(error))
            for each in ("client-token", "token-metadata"):
                yield each, unchecked("The registration was refused", told(error))
            return
        status = self._status(run, registrar, made[0])
        if status.startswith("Completed"):
            yield "registry-objects", agrees("A role without any permission on the objects registered a version")
        else:
            seen = differs if "s3" in status.lower() else unchecked
            yield "registry-objects", seen("The version was not completed", status)
        for each, request, what in (
            ("client-token", asked, "The same request with the same token"),
            ("token-metadata", other, "A request with other metadata and the same token"),
        ):
            again = refusal(lambda request=request: register(request))  # type: ignore[misc]
            if again:
                yield each, refused(f"{what} is refused", told(again), is_an_answer=is_an_answer(again))
            elif made[0] == made[-1]:
                yield each, agrees(f"{what} gives the same version")
            else:
                yield each, differs(f"{what} gives another version")

    def _status(self, run: Run, registrar: Any, arn: str) -> str:
        def look() -> str:
            version = registrar.describe_model_package(ModelPackageName=arn)
            status = str(version["ModelPackageStatus"])
            return "" if status in ("Pending", "InProgress") else f"{status} {version.get('ModelPackageStatusDetails')}"

        return run.aws.until(look, seconds=180) or "InProgress"
