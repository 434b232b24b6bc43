"""Waiting for a job: what is added to the stack, when it is waited anew, and what is refused."""

import json
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from constructs_lib import (
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    ModelDeployConfig,
    OnMiss,
    OnTimeout,
    OutputLocation,
    ProblemType,
    QualityGate,
    TimeSeriesForecasting,
)
from constructs_lib.outcome.outcome import links
from constructs_lib.runtime import contract

from ..constructs.synthesis import (
    Resource,
    allowing,
    as_list,
    data_bucket,
    flat,
    job_properties,
    jobs_of,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
    warnings_of,
)

HOURS = cdk.Duration.hours
CONDITION = "AWS::CloudFormation::WaitCondition"


def outcome_of(template: dict[str, Any]) -> Resource:
    return only(resources_of(template, contract.OUTCOME_TYPE))


def properties_of(template: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = only(resources_of(template, contract.OUTCOME_TYPE))["Properties"]
    return properties


def conditions_of(template: dict[str, Any]) -> dict[str, Resource]:
    return resources_of(template, CONDITION)


def new_outcome(stack: cdk.Stack, job: Any = None, construct_id: str = "Outcome", **props: Any) -> AutoMLJobOutcome:
    return AutoMLJobOutcome(stack, construct_id, job=new_job(stack) if job is None else job, **props)


def template_with(**job_props: Any) -> dict[str, Any]:
    stack = new_stack()
    new_outcome(stack, new_job(stack, **job_props))
    return template_of(stack)


# ------------------------------------------------------------------------------------------------------------ waiting


def test_a_job_without_an_outcome_is_not_waited_for() -> None:
    stack = new_stack()
    new_job(stack)

    template = template_of(stack)

    assert conditions_of(template) == {}
    assert "Watch" not in job_properties(template)
    assert resources_of(template, "AWS::StepFunctions::StateMachine") == {}


def test_a_deployment_waits_between_the_job_and_its_outcome() -> None:
    template = template_with()
    ((condition_id, condition),) = conditions_of(template).items()
    (job_id,) = jobs_of(template)

    assert condition == {
        "Type": CONDITION,
        "DependsOn": [job_id],
        "CreationPolicy": {"ResourceSignal": {"Count": 1, "Timeout": "PT12H"}},
    } | ({"Metadata": condition["Metadata"]} if "Metadata" in condition else {})
    assert condition_id in only(resources_of(template, contract.OUTCOME_TYPE))["DependsOn"]
    assert job_properties(template)["Watch"] == {
        "StateMachine": {"Ref": "SageMakerAutopilotProviderWaiterStateMachine5909E07E"},
        "EventBus": job_properties(template)["Watch"]["EventBus"],
        "Conditions": [{"LogicalId": condition_id, "Seconds": 12 * 3600 - 600}],
    }
    assert properties_of(template)["JobName"] == {"Ref": job_id}
    assert properties_of(template)["OnTimeout"] == OnTimeout.STOP_JOB


def test_a_waited_job_adds_two_resources_and_the_stack_four() -> None:
    stack = new_stack()
    jobs = [new_job(stack, f"Job{number}") for number in range(3)]
    before = len(template_of(stack)["Resources"])
    again = new_stack()
    for number in range(3):
        new_outcome(again, new_job(again, f"Job{number}"), f"Outcome{number}")

    assert jobs
    assert len(template_of(again)["Resources"]) - before == 4 + 3 * 2


def test_a_stack_holds_150_waited_jobs_that_share_a_role() -> None:
    stack = new_stack()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    for number in range(150):
        output = OutputLocation.from_bucket(data_bucket(stack), f"models/of/team/{number}/")
        new_outcome(stack, new_job(stack, f"Job{number}", role=role, output=output), f"Outcome{number}")

    template = template_of(stack)

    assert len(template["Resources"]) <= 500
    assert len(json_of(template)) < 1_000_000
    managed = resources_of(template, "AWS::IAM::ManagedPolicy")
    of_the_function = [each for each in managed if "Waiter" not in each and each.startswith("SageMaker")]
    assert len(of_the_function) <= 10  # what a role takes


def json_of(template: dict[str, Any]) -> str:
    return json.dumps(template, separators=(",", ":"))


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0.5, [(1800, 2400)]),
        (11, [(39600, 40200)]),
        (12, [(42600, 43200)]),
        (13, [(42600, 43200), (46800, 4800)]),
        (24, [(42600, 43200), (85200, 43200)]),
        (30, [(42600, 43200), (85200, 43200), (108000, 23400)]),
    ],
)
def test_longer_waits_are_several_conditions_in_a_row(hours: float, expected: list[tuple[int, int]]) -> None:
    assert list(links(int(hours * 3600))) == expected


def test_no_condition_is_signalled_later_than_it_lasts() -> None:
    for minutes in range(5, 30 * 24 * 60, 7):
        began = 0
        for until, lasts in links(minutes * 60):
            assert 0 < lasts <= 12 * 3600
            assert until - began <= lasts - 600 + 1
            began = until


def test_conditions_in_a_row_wait_for_each_other() -> None:
    stack = new_stack()
    new_outcome(stack, timeout=HOURS(30))

    template = template_of(stack)
    order = [condition["LogicalId"] for condition in job_properties(template)["Watch"]["Conditions"]]
    conditions = conditions_of(template)

    assert sorted(order) == sorted(conditions)
    assert [conditions[each]["DependsOn"] for each in order[1:]] == [[each] for each in order[:-1]]
    assert order[-1] in only(resources_of(template, contract.OUTCOME_TYPE))["DependsOn"]


@pytest.mark.parametrize(
    ("criteria", "seconds"),
    [
        (None, 12 * 3600),
        (CompletionCriteria(max_candidates=3), 12 * 3600),
        (CompletionCriteria(max_runtime=HOURS(3)), 4 * 3600),
        (CompletionCriteria(max_runtime=cdk.Duration.days(30)), 30 * 24 * 3600),
    ],
)
def test_the_wait_is_an_hour_longer_than_the_job_may_run(criteria: CompletionCriteria | None, seconds: int) -> None:
    assert properties_of(template_with(completion_criteria=criteria))["TimeoutSeconds"] == seconds


def test_the_run_time_of_a_v2_job_counts_too() -> None:
    stack = new_stack()
    problem = TimeSeriesForecasting(
        target_attribute="y",
        timestamp_attribute="t",
        item_identifier_attribute="i",
        forecast_frequency="1D",
        forecast_horizon=7,
        completion_criteria=CompletionCriteria(max_runtime=HOURS(2)),
    )
    data = Channel.from_bucket(data_bucket(stack), "train/")
    new_outcome(stack, AutoMLJobV2(stack, "Job", problem=problem, training_data=data))

    assert properties_of(template_of(stack))["TimeoutSeconds"] == 3 * 3600


# ------------------------------------------------------------------------------------------------------ waiting again


def condition_id(**props: Any) -> str:
    outcome_props = {key: props.pop(key) for key in ("timeout", "quality_gate") if key in props}
    revision = props.pop("outcome_revision", "1")
    tags = props.pop("tags", {})
    stack = new_stack()
    job = new_job(stack, **props)
    for key, value in tags.items():
        cdk.Tags.of(job).add(key, value)
    new_outcome(stack, job, revision=revision, **outcome_props)
    (found,) = conditions_of(template_of(stack))
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "2"},
        {"mode": Mode.ENSEMBLING},
        {"completion_criteria": CompletionCriteria(max_candidates=7)},
        {"outcome_revision": "2"},
        {"timeout": HOURS(3)},  # no wait condition is ever changed
    ],
)
def test_another_job_is_waited_for_anew(change: dict[str, Any]) -> None:
    assert condition_id(**change) != condition_id()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tags": {"team": "growth"}},
        {"quality_gate": QualityGate(at_least=0.7)},
    ],
)
def test_the_same_job_is_not_waited_for_anew(change: dict[str, Any]) -> None:
    assert condition_id(**change) == condition_id()


def test_what_is_referred_to_counts_and_not_how_it_was_written() -> None:
    """Tokens are numbered anew in every process and by every reference."""

    def with_bucket(construct_id: str, *, noise: int) -> str:
        stack = new_stack()
        for number in range(noise):
            cdk.Lazy.string(_Constant(str(number)))
        bucket = s3.Bucket(stack, construct_id)
        job = new_job(stack, training_data=Channel.from_bucket(bucket, "train/"))
        new_outcome(stack, job)
        (found,) = conditions_of(template_of(stack))
        return found

    assert with_bucket("A", noise=0) == with_bucket("A", noise=5)
    assert with_bucket("A", noise=0) != with_bucket("B", noise=0)


@jsii.implements(cdk.IStableStringProducer)
class _Constant:
    def __init__(self, text: str) -> None:
        self._text = text

    def produce(self) -> str:
        return self._text


def test_two_outcomes_of_one_job_are_waited_for_at_once() -> None:
    stack = new_stack()
    job = new_job(stack)
    new_outcome(stack, job, "Early", timeout=HOURS(1))
    new_outcome(stack, job, "Late", timeout=HOURS(2))

    template = template_of(stack)
    watched = job_properties(template)["Watch"]["Conditions"]

    assert [each["Seconds"] for each in watched] == [3600, 7200]
    assert {each["LogicalId"] for each in watched} == set(conditions_of(template))


# ------------------------------------------------------------------------------------------------- jobs made elsewhere


def test_a_job_made_elsewhere_has_a_watch_and_is_left_alone() -> None:
    stack = new_stack()
    new_outcome(stack, AutoMLJob.from_job_name(stack, "Old", "churn-2025"))

    template = template_of(stack)
    watch = only(resources_of(template, contract.WATCH_TYPE))

    assert watch["Properties"]["JobName"] == "churn-2025"
    assert [each["LogicalId"] for each in watch["Properties"]["Watch"]["Conditions"]] == list(conditions_of(template))
    assert properties_of(template)["OnTimeout"] == OnTimeout.FAIL
    assert properties_of(template)["WriteResult"] is False
    of_the_old = [
        statement
        for statement in statements_of(template, beginning="SageMakerAutopilotProvider")
        if any("churn-2025" in flat(resource) for resource in as_list(statement["Resource"]))
    ]
    assert [statement["Action"] for statement in of_the_old] == [
        ["sagemaker:DescribeAutoMLJobV2", "sagemaker:ListTags"]
    ]


def test_a_job_made_elsewhere_adds_three_resources() -> None:
    stack = new_stack()
    new_outcome(stack, AutoMLJob.from_job_name(stack, "Old", "churn-2025"))

    assert len(template_of(stack)["Resources"]) == 8 + 3


def test_a_job_made_elsewhere_may_be_stopped_if_it_is_said() -> None:
    stack = new_stack()
    new_outcome(stack, AutoMLJob.from_job_name(stack, "Old", "churn-2025"), on_timeout=OnTimeout.STOP_JOB)

    template = template_of(stack)
    stops = allowing(statements_of(template, beginning="SageMakerAutopilotProviderStopped"), "sagemaker:StopAutoMLJob")

    assert [flat(each).rpartition("/")[2] for each in as_list(stops[0]["Resource"])] == ["churn-2025"]


@pytest.mark.newest
def test_a_job_of_another_stack_is_watched_from_the_outcomes_stack() -> None:
    app = cdk.App()
    there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
    job = new_job(there)
    new_outcome(here, job)
    template = template_of(here)

    assert "Watch" not in job_properties(template_of(there))
    assert "Fn::GetStackOutput" in str(only(resources_of(template, contract.WATCH_TYPE))["Properties"]["JobName"])
    assert properties_of(template)["OnTimeout"] == OnTimeout.STOP_JOB
    assert len(conditions_of(template)) == 1
    (stop,) = allowing(
        statements_of(template, beginning="SageMakerAutopilotProviderStopped"), "sagemaker:StopAutoMLJob"
    )
    assert "Fn::GetStackOutput" in str(stop["Resource"])
    assert any(name.startswith("SageMakerAutopilotProviderStopped") for name in outcome_of(template)["DependsOn"])


def test_a_job_of_another_stack_is_waited_for_anew_when_its_props_change() -> None:
    def found(revision: str) -> set[str]:
        app = cdk.App()
        there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
        new_outcome(here, new_job(there, revision=revision))
        return set(conditions_of(template_of(here)))

    assert found("1") != found("2")


# ------------------------------------------------------------------------------------------------------------- result


def test_the_function_may_write_the_result_and_nothing_beside_it() -> None:
    template = template_with()
    (statement,) = allowing(statements_of(template, beginning="SageMakerAutopilotProvider"), "s3:PutObject")

    written = [flat(each) for each in as_list(statement["Resource"])]
    prefix = flat(job_properties(template)["NamePrefix"]).partition("-job-")[0]
    assert written == [f"arn:<Partition>:s3:::data-bucket/models/{prefix}-{'?' * (31 - len(prefix))}/outcome.json"]
    assert properties_of(template)["WriteResult"] is True


def test_the_outcome_waits_until_the_result_may_be_written() -> None:
    """Also where the permission does not fit into the function's first policy."""
    stack = new_stack()
    for number in range(3):
        output = OutputLocation.from_bucket(data_bucket(stack), f"{'p' * 400}{number}/")
        new_outcome(stack, new_job(stack, f"Job{number}", output=output), f"Outcome{number}")
    template = template_of(stack)

    for name, outcome in resources_of(template, contract.OUTCOME_TYPE).items():
        (written,) = [
            policy
            for policy in resources_of(template, "AWS::IAM::ManagedPolicy")
            for statement in allowing(statements_of(template, beginning=policy), "s3:PutObject")
            if f"{'p' * 400}{name[len('Outcome')]}/" in str(statement["Resource"]) and policy.startswith("SageMaker")
        ]
        assert written in outcome["DependsOn"]


def test_the_result_of_a_named_job_lies_in_its_folder() -> None:
    template = template_with(job_name="Churn")
    (statement,) = allowing(statements_of(template, beginning="SageMakerAutopilotProvider"), "s3:PutObject")

    assert flat(statement["Resource"]).endswith("/models/Churn/outcome.json")


def test_the_function_may_encrypt_the_result_with_the_outputs_key() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    output = OutputLocation.from_bucket(data_bucket(stack), "models/", encryption_key=key)
    new_outcome(stack, new_job(stack, output=output))

    (statement,) = allowing(
        statements_of(template_of(stack), beginning="SageMakerAutopilotProvider"), "kms:GenerateDataKey"
    )
    assert flat(statement["Resource"]).startswith("<Key")


ATTRIBUTES = {name for name, kind in vars(AutoMLJobOutcome).items() if isinstance(kind, property)} - {"job", "stack"}


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_every_attribute_is_one_that_the_function_returns(name: str) -> None:
    stack = new_stack()
    outcome = new_outcome(stack, new_job(stack, model_deploy_config=ModelDeployConfig.auto_named()))
    cdk.CfnOutput(stack, "Out", value=getattr(outcome, name))

    found = template_of(stack)["Outputs"]["Out"]["Value"]["Fn::GetAtt"][1]
    assert found in set(contract.OutcomeAttribute)


@pytest.mark.newest
def test_attributes_cross_stacks() -> None:
    app = cdk.App()
    there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
    outcome = new_outcome(there)
    cdk.CfnOutput(here, "Best", value=outcome.best_candidate_name)

    assert "Fn::GetStackOutput" in str(template_of(here)["Outputs"]["Best"])


@pytest.mark.newest
@pytest.mark.parametrize("read", [lambda job: job.job_name, lambda job: job.job_arn])
def test_another_stack_that_names_a_job_does_not_keep_it_from_being_trained_again(read: Any) -> None:
    """CloudFormation changes no export that is imported elsewhere."""
    app = cdk.App()
    there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
    cdk.CfnOutput(here, "Out", value=read(new_job(there)))

    assert "Fn::GetStackOutput" in str(template_of(here)["Outputs"]["Out"])
    assert "Export" not in str(template_of(there).get("Outputs"))


# --------------------------------------------------------------------------------------------------------------- gates


def gate_of(gate: QualityGate, **job_props: Any) -> Any:
    stack = new_stack()
    new_outcome(stack, new_job(stack, **job_props), quality_gate=gate)
    return properties_of(template_of(stack)).get("Gate")


def test_gate_crosses_in_few_words() -> None:
    assert gate_of(QualityGate(at_least=0.85)) == {"Rule": "AtLeast", "Value": 0.85, "OnMiss": "fail"}
    assert gate_of(QualityGate(at_most=3, metric=Metric.MAE, on_miss=OnMiss.WARN)) == {
        "Rule": "AtMost",
        "Value": 3,
        "Metric": "MAE",
        "OnMiss": "warn",
    }
    assert gate_of(QualityGate(at_least=0, metric="LogLossX", on_miss="warn"))["Metric"] == "LogLossX"


def test_gate_reads_a_parameter_when_it_is_deployed() -> None:
    stack = new_stack()
    baseline = ssm.StringParameter.from_string_parameter_name(stack, "Baseline", "/churn/auc")
    new_outcome(stack, quality_gate=QualityGate(better_than=baseline))

    template = template_of(stack)
    gate = properties_of(template)["Gate"]
    assert gate["Rule"] == "BetterThan"
    assert template["Parameters"][gate["Value"]["Ref"]] == {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": "/churn/auc",
    }


def test_gate_compares_with_another_outcome() -> None:
    stack = new_stack()
    champion = new_outcome(stack, AutoMLJob.from_job_name(stack, "Old", "champion"), "Champion")
    new_outcome(stack, quality_gate=QualityGate(better_than=champion))

    template = template_of(stack)
    values = [
        outcome["Properties"]["Gate"]["Value"]
        for outcome in resources_of(template, contract.OUTCOME_TYPE).values()
        if "Gate" in outcome["Properties"]
    ]
    (champion_id,) = [name for name in resources_of(template, contract.OUTCOME_TYPE) if name.startswith("Champion")]
    assert values == [{"Fn::GetAtt": [champion_id, "ObjectiveValue"]}]


AUC = {"problem_type": ProblemType.BINARY_CLASSIFICATION, "objective": Metric.AUC}
MSE = {"problem_type": ProblemType.REGRESSION, "objective": Metric.MSE}

REFUSED_GATES = [
    (QualityGate(), {}, "'quality_gate' must have exactly one of 'at_least', 'at_most' and 'better_than', got none"),
    (
        QualityGate(at_least=1, at_most=2),
        {},
        "'quality_gate' must have exactly one of 'at_least', 'at_most' and 'better_than', got 'at_least', 'at_most'",
    ),
    (QualityGate(at_least="0.8"), {}, "'quality_gate.at_least' must be a finite number, got '0.8'"),  # type: ignore[arg-type]
    (QualityGate(at_least=True), {}, "'quality_gate.at_least' must be a finite number, got True"),
    (QualityGate(at_most=float("nan")), {}, "'quality_gate.at_most' must be a finite number, got nan"),
    (
        QualityGate(better_than=0.5),  # type: ignore[arg-type]
        {},
        "'quality_gate.better_than' must be an ssm.IStringParameter or an AutoMLJobOutcome, got 0.5 (float); "
        "for a number use 'at_least' or 'at_most'",
    ),
    (
        QualityGate(at_least=1, on_miss="ignore"),
        {},
        "'quality_gate.on_miss' must be one of 'fail', 'warn', got 'ignore'",
    ),
    (QualityGate(at_least=1, metric=7), {}, "'quality_gate.metric' must be a Metric or text, got 7"),  # type: ignore[arg-type]
    (
        QualityGate(at_least=1),
        MSE,
        "'quality_gate.at_least' does not fit 'MSE', of which less is better: use 'at_most'",
    ),
    (
        QualityGate(at_most=1),
        AUC,
        "'quality_gate.at_most' does not fit 'AUC', of which more is better: use 'at_least'",
    ),
    (
        QualityGate(at_least=1, metric="LogLoss"),
        AUC,
        "'quality_gate.at_least' does not fit 'LogLoss', of which less is better: use 'at_most'",
    ),
]


@pytest.mark.parametrize(("gate", "props", "message"), REFUSED_GATES, ids=range(len(REFUSED_GATES)))
def test_gate_that_makes_no_sense_is_refused(gate: QualityGate, props: dict[str, Any], message: str) -> None:
    stack = new_stack()
    job = new_job(stack, **props)

    with pytest.raises(ValueError, match="Outcome") as refused:
        new_outcome(stack, job, quality_gate=gate)
    assert message in str(refused.value)
    assert stack.node.try_find_child("Outcome") is None


def test_gate_on_a_metric_without_direction_cannot_be_compared() -> None:
    stack = new_stack()
    baseline = ssm.StringParameter.from_string_parameter_name(stack, "Baseline", "/x")
    with pytest.raises(ValueError, match=r"better direction is known, got 'Acuracy' .did you mean 'Accuracy'"):
        new_outcome(stack, quality_gate=QualityGate(better_than=baseline, metric="Acuracy"))


def test_gate_on_an_unknown_metric_is_warned_of() -> None:
    stack = new_stack()
    outcome = new_outcome(stack, quality_gate=QualityGate(at_least=0.5, metric="Acuracy"))

    warnings = [each.data for each in outcome.node.metadata if each.type == "aws:cdk:warning"]
    assert "'quality_gate.metric' is 'Acuracy', which this library does not know (did you mean 'Accuracy'?)" in str(
        warnings
    )


@pytest.mark.parametrize(
    ("gate", "prop"),
    [
        (QualityGate(at_most=0), "at_most"),
        (QualityGate(at_least=0.0), "at_least"),
        (QualityGate(at_most=-0.0, metric=Metric.RMSE), "at_most"),
    ],
)
def test_gate_at_exactly_zero_is_warned_of(gate: QualityGate, prop: str) -> None:
    outcome = new_outcome(new_stack(), quality_gate=gate)

    (warning,) = [str(each.data) for each in outcome.node.metadata if each.type == "aws:cdk:warning"]
    assert (
        f"'quality_gate.{prop}' is 0: a job in HYPERPARAMETER_TUNING, which no 'mode' means too, reports five "
        "decimals, so a 0 may be any smaller value and the gate says little. Give a threshold that five decimals tell "
        "from 0; where errors are that small, train on a target in a smaller unit"
    ) in warning


def test_gate_away_from_zero_is_not_warned_of() -> None:
    stack = new_stack()
    threshold = cdk.CfnParameter(stack, "Threshold", type="Number").value_as_number
    champion = new_outcome(stack, AutoMLJob.from_job_name(stack, "Old", "champion"), "Champion")
    for gate in (
        QualityGate(at_most=0.00001),
        QualityGate(at_least=-0.5),
        QualityGate(at_most=threshold),
        QualityGate(better_than=champion),
    ):
        assert gate._warnings() == {}


@pytest.mark.parametrize("metric", ["validation:mse", "AVERAGE_WEIGHTED_QUANTILE_LOSS"])
def test_gate_knows_the_direction_of_a_metric_by_the_name_that_an_algorithm_gives_it(metric: str) -> None:
    with pytest.raises(ValueError, match="Outcome") as refused:
        new_outcome(new_stack(), quality_gate=QualityGate(at_least=400, metric=metric))

    assert f"'quality_gate.at_least' does not fit '{metric}', of which less is better: use 'at_most'" in str(
        refused.value
    )


def test_token_as_a_gates_value_is_not_judged() -> None:
    stack = new_stack()
    value = cdk.CfnParameter(stack, "Threshold", type="Number").value_as_number
    new_outcome(stack, quality_gate=QualityGate(at_least=value))

    assert properties_of(template_of(stack))["Gate"]["Value"] == {"Ref": "Threshold"}


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"job": "churn-2025"}, "'job' must be an AutoMLJob or an AutoMLJobV2, got 'churn-2025'"),
        ({"timeout": 3600}, "'timeout' must be a Duration, got 3600"),
        ({"timeout": cdk.Duration.minutes(4)}, "'timeout' must be whole seconds from 5 minutes to 30 days, got 240"),
        (
            {"timeout": cdk.Duration.days(31)},
            "'timeout' must be whole seconds from 5 minutes to 30 days, got 2678400",
        ),
        (
            {"timeout": cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Minutes"}))},
            "'timeout' decides how many wait conditions there are, so it cannot be a token",
        ),
        ({"on_timeout": "stop"}, "'on_timeout' must be one of 'StopJob', 'Fail', 'LetRun', got 'stop'"),
        ({"revision": 2}, "'revision' must be text, got 2"),
        ({"quality_gate": 0.8}, "'quality_gate' must be a QualityGate, got 0.8"),
    ],
)
def test_wrong_props_are_refused(props: dict[str, Any], message: str) -> None:
    stack = new_stack()
    with pytest.raises(ValueError, match="AutoMLJobOutcome 'Stack/Outcome'") as refused:
        AutoMLJobOutcome(stack, "Outcome", **{"job": new_job(stack), **props})
    assert message in str(refused.value)


def test_a_wait_that_is_shorter_than_the_job_may_run_is_refused() -> None:
    stack = new_stack()
    job = new_job(stack, completion_criteria=CompletionCriteria(max_runtime=HOURS(8)))
    with pytest.raises(
        ValueError,
        match=r"'timeout' is 21600 seconds, but the job's 'completion_criteria.max_runtime' lets it run 28800",
    ):
        new_outcome(stack, job, timeout=HOURS(6))


def series_job(stack: cdk.Stack, **problem: Any) -> AutoMLJobV2:
    series: dict[str, Any] = {"target_attribute": "y", "timestamp_attribute": "t", "item_identifier_attribute": "i"}
    settings: dict[str, Any] = {"forecast_frequency": "1D", "forecast_horizon": 7, **problem}
    data = Channel.from_bucket(data_bucket(stack), "train/")
    return AutoMLJobV2(stack, "Job", problem=TimeSeriesForecasting(**series, **settings), training_data=data)


def test_an_hour_for_a_forecast_is_warned_of() -> None:
    stack = new_stack()
    outcome = new_outcome(stack, series_job(stack), timeout=HOURS(1))

    assert warnings_of(outcome) == [
        "'timeout' (3600 s) may be over before the job is: a job on time series takes 30 to 70 minutes, however small "
        "its data are; wait two hours [ack: cdk-sagemaker-autopilot:timeout]"
    ]


def test_an_hour_of_run_time_for_a_forecast_is_warned_of() -> None:
    stack = new_stack()
    job = series_job(stack, completion_criteria=CompletionCriteria(max_runtime=HOURS(1)))

    assert warnings_of(job) == [
        "'problem.completion_criteria.max_runtime' (3600 s) may end the job too early: a job on time series takes 30 "
        "to 70 minutes, however small its data are; give two hours "
        "[ack: cdk-sagemaker-autopilot:forecasts_take_more_than_an_hour]"
    ]


def test_two_hours_for_a_forecast_and_an_hour_for_a_table_pass_without_a_word() -> None:
    stack = new_stack()
    outcomes = [
        new_outcome(stack, series_job(stack), timeout=HOURS(2)),
        new_outcome(stack, new_job(stack, "Table"), "Table1", timeout=HOURS(1)),
        new_outcome(stack, AutoMLJob.from_job_name(stack, "Old", "series"), "Known", timeout=HOURS(1)),
    ]

    assert [warnings_of(each) for each in outcomes] == [[], [], []]


def test_a_run_time_that_is_a_token_is_not_judged() -> None:
    stack = new_stack()
    runtime = cdk.Duration.seconds(cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number)
    job = new_job(stack, completion_criteria=CompletionCriteria(max_runtime=runtime))

    new_outcome(stack, job, timeout=HOURS(1))

    assert properties_of(template_of(stack))["TimeoutSeconds"] == 3600


def test_everything_that_is_wrong_is_told_at_once() -> None:
    stack = new_stack()
    with pytest.raises(ValueError, match="3 problems"):
        AutoMLJobOutcome(stack, "Outcome", job=None, timeout=7, revision=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("arn", ["arn:aws:sagemaker:eu-west-1:111122223333:automl-job/churn"])
def test_a_job_of_another_region_cannot_be_waited_for(arn: str) -> None:
    stack = new_stack(env=cdk.Environment(account="111122223333", region="us-east-1"))
    job = AutoMLJob.from_job_arn(stack, "Old", arn)
    with pytest.raises(ValueError, match="'job' is in the region eu-west-1, and the outcome's stack in us-east-1"):
        new_outcome(stack, job)


def test_a_job_without_candidates_has_no_gate() -> None:
    stack = new_stack()
    job = new_job(stack, generate_candidate_definitions_only=True)
    with pytest.raises(
        ValueError, match="'quality_gate' does not fit a job with 'generate_candidate_definitions_only'"
    ):
        new_outcome(stack, job, quality_gate=QualityGate(at_least=0.5))


# --------------------------------------------------------------------------------------------------- one after another


def cycle_in(template: dict[str, Any]) -> list[str]:
    """A way from a resource back to itself."""

    def needs(name: str) -> set[str]:
        resource = {key: value for key, value in template["Resources"][name].items() if key != "Metadata"}
        text = json.dumps(resource)
        return {
            other
            for other in template["Resources"]
            if f'"Ref": "{other}"' in text
            or f'"Fn::GetAtt": ["{other}"' in text
            or other in as_list(resource.get("DependsOn", []))
        }

    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in needs(name):
            if found := walk(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next(filter(None, (walk(name, []) for name in template["Resources"])), [])


def test_a_job_starts_after_the_outcome_of_another_one() -> None:
    stack = new_stack()
    first = new_outcome(stack, new_job(stack, "First"), "FirstOutcome")
    second = AutoMLJob(
        stack, "Second", training_data=Channel.from_bucket(data_bucket(stack), "train/"), target_attribute="y"
    )
    second.start_after(first)
    new_outcome(stack, second, "SecondOutcome")

    template = template_of(stack)
    (job,) = [job for name, job in jobs_of(template).items() if name.startswith("Second")]

    assert [name for name in job["DependsOn"] if name.startswith("FirstOutcome")]
    assert cycle_in(template) == []


def test_a_dependency_that_goes_round_in_a_circle_is_refused() -> None:
    stack = new_stack()
    first = new_outcome(stack, new_job(stack, "First"), "FirstOutcome")
    new_job(stack, "Second").node.add_dependency(first)

    with pytest.raises(
        RuntimeError, match=r"the job 'Stack/Second' cannot depend on the outcome 'Stack/FirstOutcome'.*start_after"
    ):
        template_of(stack)


def test_a_dependency_on_an_outcome_of_another_stack_is_fine() -> None:
    app = cdk.App()
    there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
    new_job(here).node.add_dependency(new_outcome(there))

    assert cycle_in(template_of(here)) == []


@pytest.mark.parametrize("scope", ["Outcome", None])
def test_what_is_no_construct_cannot_come_before_a_job(scope: Any) -> None:
    job = new_job(new_stack())
    with pytest.raises(
        ValueError, match=r"start_after of 'Stack/Job' has 1 problem.*\n.*'scopes\[0\]' must be a constr"
    ):
        job.start_after(scope)
