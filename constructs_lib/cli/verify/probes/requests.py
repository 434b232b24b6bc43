"""What the create calls refuse. A job that is made all the same is stopped at once."""

import json
from collections.abc import Iterator
from typing import Any, Final

from .. import policies
from ..aws import PROPAGATION, is_an_answer, policy, told
from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, unchecked
from ..stack import Resources, Stack, allow, bucket, role_of, sub, trusting
from ..things import JOB, ROLE, ROLE_PATH
from .jobs import KEY, about_the_role, create, execution_role, minutes_of_a_job, request, upload

_STOPPED_SECONDS: Final = 600
"""The longest that a job may run that is stopped at once."""

_ABSENT: Final = "absent"
_ROLES: Final = 3

_OBJECTS: Final[tuple[policies.Statement, ...]] = policies.data("", "*", "out/")


def _create(run: Run, operation: str, asked: dict[str, Any], *, role_seconds: float = PROPAGATION) -> Any:
    """Ask for a job; the error, or None if one was made, which is stopped."""
    call = getattr(run.aws.client("sagemaker"), operation)
    error = create(run, call, asked, role_seconds=role_seconds)
    if error is None:
        run.ledger.remove(JOB, asked["AutoMLJobName"])
    return error


class NewRole(Probe):
    """Roles that are used the moment they are made, in requests that are refused for another reason later on."""

    ids = ("role-text",)
    makes = (
        "a bucket with 600 rows, three roles; no job, for the service was seen to refuse the request (if it takes it, "
        "that job is stopped at once)"
    )

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """Those of one job, which nobody expects."""
        del wanted
        return minutes_of_a_job(_STOPPED_SECONDS)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        del run
        return {"Bucket": bucket()}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        upload(run, stack)
        errors: list[Any] = []
        for number in range(1, _ROLES + 1):
            last = self._with_a_new_role(run, stack, number, errors)
            if last is None:
                break  # the service has made a job: no more of them
            if _ABSENT not in told(last):
                yield "role-text", unchecked("The request was never refused for its target alone", told(last))
                return
        texts = tuple(dict.fromkeys(told(error) for error in errors))
        if not errors:
            yield "role-text", unchecked("Each new role was usable at once")
        elif all(about_the_role(error) for error in errors):
            yield "role-text", agrees("The library knows the error of a new role and waits for its end", *texts)
        else:
            yield "role-text", differs("The library does not know an error that passed by itself", *texts)

    def _with_a_new_role(self, run: Run, stack: Stack, number: int, errors: list[Any]) -> Any:
        """Ask until the target is all that is wrong; adds the errors before. The last error; None: a job was made."""
        iam = run.aws.client("iam")
        name = run.aws.name(f"new{number}")
        run.ledger.note(ROLE, name)
        trust = json.dumps(trusting("sagemaker.amazonaws.com"))
        made = iam.create_role(RoleName=name, Path=ROLE_PATH, AssumeRolePolicyDocument=trust, Tags=run.aws.tags)
        document = json.dumps(policy(allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"])))
        iam.put_role_policy(RoleName=name, PolicyName="probe", PolicyDocument=document)
        role_arn = made["Role"]["Arn"]
        wrong = request(run, stack, name, role_arn=role_arn, target=_ABSENT, seconds=_STOPPED_SECONDS)
        asked = _as_version_1(wrong)
        found: list[Any] = []

        def attempt() -> bool:
            found.append(_create(run, "create_auto_ml_job", asked, role_seconds=0))
            return found[-1] is None or _ABSENT in told(found[-1])

        run.aws.until(attempt, seconds=PROPAGATION, every=2)
        errors += found[:-1]
        return found[-1]


class Rules(Probe):
    """Requests that the library refuses when the app is synthesized."""

    ids = ("v1-rules",)
    makes = "a bucket with 600 rows, a role; three AutoML jobs if the service takes the requests, stopped at once"
    trains = True

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """What it is bounded by."""
        del wanted
        return 3 * minutes_of_a_job(_STOPPED_SECONDS)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        del run
        return {"Bucket": bucket(), **execution_role([*policies.JOB, *_OBJECTS])}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        upload(run, stack)
        manifest = json.dumps([{"prefix": f"s3://{stack['Bucket']}/train/"}, KEY.rpartition("/")[2]])
        run.aws.client("s3").put_object(Bucket=stack["Bucket"], Key="manifest.json", Body=manifest.encode())
        taken, unclear, evidence, texts = [], [], [], set()
        for number, (rule, asked) in enumerate(self._requests(run, stack).items(), 1):
            asked["AutoMLJobName"] = run.aws.name(f"rule{number}")
            error = _create(run, "create_auto_ml_job", asked)
            evidence.append(f"{rule}: {told(error) if error else 'accepted'}")
            texts.add(evidence[-1].removeprefix(rule))
            taken += [rule] if error is None else []
            unclear += [rule] if error and (about_the_role(error) or not is_an_answer(error)) else []
        if taken:
            yield "v1-rules", differs(f"The service takes: {'; '.join(taken)}", *evidence)
        elif unclear or len(texts) == 1:
            yield "v1-rules", unchecked("The service may have refused them for another reason", *evidence)
        else:
            yield "v1-rules", agrees("The service refuses all three", *evidence)

    def _requests(self, run: Run, stack: Stack) -> dict[str, dict[str, Any]]:
        def plain() -> dict[str, Any]:
            asked = request(run, stack, "", role_arn=stack["RoleArn"], seconds=_STOPPED_SECONDS)
            return _as_version_1(asked)

        objective = plain()
        del objective["ProblemType"]
        algorithms = plain()
        del algorithms["AutoMLJobConfig"]["Mode"]
        chosen = [{"AutoMLAlgorithms": ["xgboost"]}]
        algorithms["AutoMLJobConfig"]["CandidateGenerationConfig"] = {"AlgorithmsConfig": chosen}
        compressed = plain()
        compressed["InputDataConfig"][0]["CompressionType"] = "Gzip"
        source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{stack['Bucket']}/manifest.json"}
        compressed["InputDataConfig"][0]["DataSource"] = {"S3DataSource": source}
        return {
            "an objective without a problem type": objective,
            "algorithms without a mode": algorithms,
            "gzip with a manifest": compressed,
        }


class EmrServerless(Probe):
    """Requests with a role for EMR Serverless."""

    ids = ("emr-serverless",)
    makes = "a bucket with 600 rows, three roles; two AutoML jobs if the service takes the requests, stopped at once"
    trains = True

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """What it is bounded by."""
        del wanted
        return 2 * minutes_of_a_job(_STOPPED_SECONDS)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        del run
        passes = allow(
            ["iam:PassRole"],
            [{"Fn::GetAtt": ["Emr", "Arn"]}],
            StringEquals={"iam:PassedToService": "emr-serverless.amazonaws.com"},
        )
        own = [*policies.JOB, *_OBJECTS]
        emr = role_of("emr-serverless.amazonaws.com", allow(["s3:GetObject", "s3:ListBucket"], [sub("${Bucket.Arn}*")]))
        lacking = role_of("sagemaker.amazonaws.com", *own[1:])
        return {"Bucket": bucket(), "Emr": emr, "Lacking": lacking, **execution_role([*own, passes])}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        upload(run, stack)

        def ask(name: str, own_role: str) -> Any:
            arn = stack[own_role]
            asked = request(run, stack, run.aws.name(name), role_arn=arn, seconds=_STOPPED_SECONDS)
            compute = {"EmrServerlessComputeConfig": {"ExecutionRoleARN": stack["EmrArn"]}}
            return _create(run, "create_auto_ml_job_v2", {**asked, "AutoMLComputeConfig": compute})

        error = ask("emr", "RoleArn")
        lacking = ask("emr0", "LackingArn")
        evidence = [
            f"with iam:PassRole: {told(error) if error else 'accepted'}",
            f"without it: {told(lacking) if lacking else 'accepted'}",
        ]
        if error and (about_the_role(error) or not is_an_answer(error)):
            yield "emr-serverless", unchecked("The request was refused for another reason", *evidence)
        elif error:
            yield "emr-serverless", differs("A job outside of Canvas may not have such a role", *evidence)
        elif lacking and "passrole" in told(lacking).lower():
            yield "emr-serverless", agrees("The service takes such a role, and wants iam:PassRole on it", *evidence)
        else:
            text = "The service takes such a role; whether the job then needs iam:PassRole was not waited for"
            yield "emr-serverless", unchecked(text, *evidence)


def _as_version_1(asked: dict[str, Any]) -> dict[str, Any]:
    """The same job as `CreateAutoMLJob` takes it."""
    tabular = asked["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    channel = dict(asked["AutoMLJobInputDataConfig"][0])
    del channel["ChannelType"]
    kept = ("AutoMLJobName", "OutputDataConfig", "AutoMLJobObjective", "RoleArn", "Tags")
    return {
        **{name: asked[name] for name in kept},
        "InputDataConfig": [{**channel, "TargetAttributeName": tabular["TargetAttributeName"]}],
        "ProblemType": tabular["ProblemType"],
        "AutoMLJobConfig": {"Mode": tabular["Mode"], "CompletionCriteria": tabular["CompletionCriteria"]},
    }
