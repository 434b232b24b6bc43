"""What an app costs at most: arithmetic that can be done by hand, and what is not known never counts as 0."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli.explain import bill, facts, screen
from constructs_lib.cli.explain.prices import PriceList, Prices
from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.runtime import retrain_run

from .assemblies import REQUEST, job, read, role, write


def prices(**members: Any) -> PriceList:
    by_instance = {name: members.pop(name, {}) for name in ("training", "hosting", "transform")}
    return PriceList(
        (
            Prices(
                file="p.json",
                date=date(2026, 11, 30),
                currency="USD",
                region="eu-west-1",
                source="made up for a test",
                by_instance=by_instance,
                **members,
            ),
        )
    )


def told(tmp_path: Path, resources: dict[str, Any], known: PriceList | None = None, **options: Any) -> dict[str, Any]:
    assembly, stack = read(tmp_path / "out", {"Role": role(), **resources}, **options)
    found: dict[str, Any] = facts.told(assembly, [stack], known or PriceList())
    return found


def training(tmp_path: Path, request: dict[str, Any], known: PriceList | None = None) -> dict[str, Any]:
    """The cost of the only job."""
    (cost,) = told(tmp_path, {"Churn": job(**request)}, known)["stacks"][0]["costs"]
    found: dict[str, Any] = cost
    return found


def config(mode: str | None = "ENSEMBLING", **criteria: int) -> dict[str, Any]:
    return {"AutoMLJobConfig": ({"Mode": mode} if mode else {}) | {"CompletionCriteria": criteria}}


def v2(kind: str, **settings: Any) -> dict[str, Any]:
    """What turns the request into one of V2."""
    return {"InputDataConfig": [], "AutoMLJobConfig": {}, "AutoMLProblemTypeConfig": {kind: settings}}


@pytest.mark.parametrize(
    ("request_", "hours"),
    [
        (config(MaxAutoMLJobRuntimeInSeconds=7200), 10 * 2),  # the service's default of 10 candidates
        (config("HYPERPARAMETER_TUNING", MaxAutoMLJobRuntimeInSeconds=3600), 100),
        (config(None, MaxAutoMLJobRuntimeInSeconds=3600), 100),
        (config("AUTO", MaxAutoMLJobRuntimeInSeconds=3600), 100),
        (config(MaxCandidates=4, MaxAutoMLJobRuntimeInSeconds=7200), 8),
        (config(MaxCandidates=4, MaxAutoMLJobRuntimeInSeconds=7200, MaxRuntimePerTrainingJobInSeconds=1800), 2),
        (config(MaxCandidates=4, MaxAutoMLJobRuntimeInSeconds=600, MaxRuntimePerTrainingJobInSeconds=1800), 4 / 6),
        (config(), 10 * 30 * 24),  # nothing given: 30 days
        (v2("TextGenerationJobConfig"), 72),  # the service's default
        (v2("TimeSeriesForecastingJobConfig", CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": 3600}), 1),
        (v2("TabularJobConfig", Mode="ENSEMBLING", CompletionCriteria={"MaxCandidates": 2}), 2 * 720),
    ],
)
def test_hours_of_training(request_: dict[str, Any], hours: float, tmp_path: Path) -> None:
    cost = training(tmp_path, request_)

    assert cost["instance_hours"] == pytest.approx(hours)
    assert (cost["at_most"], cost["price_is_missing"]) == (None, True)


def test_without_criteria_the_service_s_maximum_is_named(tmp_path: Path) -> None:
    assert (
        "no completion criteria bound its time: the service's own maximum does"
        in training(tmp_path, config())["assumed"]
    )


def test_a_limit_of_the_deployment_is_unknown(tmp_path: Path) -> None:
    criteria: Any = {"CompletionCriteria": {"MaxCandidates": {"Ref": "Parameter"}}}
    cost = training(tmp_path, {"AutoMLJobConfig": criteria}, prices(training={"ml.m5.12xlarge": 1}))

    assert (cost["instance_hours"], cost["at_most"]) == (None, None)


def test_money_is_hours_by_price(tmp_path: Path) -> None:
    found = told(tmp_path, {"Churn": job()}, prices(training={"ml.m5.12xlarge": 1.5}))
    (cost,) = found["stacks"][0]["costs"]

    assert (cost["instance_type"], cost["at_most"], cost["price_is_missing"]) == ("ml.m5.12xlarge", 30.0, False)
    assert found["total"]["per_job"] == {"known": 30.0, "unknown": []}


def test_the_user_may_say_what_it_trains_on(tmp_path: Path) -> None:
    known = prices(training={"ml.m5.4xlarge": 0.5, "ml.m5.12xlarge": 9}, training_instance_type="ml.m5.4xlarge")
    cost = training(tmp_path, {}, known)

    assert (cost["instance_type"], cost["at_most"]) == ("ml.m5.4xlarge", 10.0)
    assert "it trains on ml.m5.4xlarge, as 'p.json' says; the service chooses" in cost["assumed"]


def test_nobody_knows_what_images_train_on(tmp_path: Path) -> None:
    cost = training(tmp_path, v2("ImageClassificationJobConfig"), prices(training={"ml.m5.12xlarge": 1}))

    assert (cost["instance_type"], cost["at_most"], cost["price_is_missing"]) == (None, None, True)


def test_definitions_alone_train_nothing(tmp_path: Path) -> None:
    cost = training(tmp_path, {"GenerateCandidateDefinitionsOnly": True})

    assert (cost["instance_hours"], cost["at_most"]) == (0.0, 0.0)


def test_prices_of_another_region_are_not_taken(tmp_path: Path) -> None:
    found = told(tmp_path, {"Churn": job()}, prices(training={"ml.m5.12xlarge": 1.5}), region="us-east-1")

    assert found["stacks"][0]["prices_of"] is None
    assert found["total"]["per_job"] == {
        "known": 0,
        "unknown": ["training the candidates of Churn"],
    }


def endpoint(variant: dict[str, Any], **config: Any) -> dict[str, Any]:
    variants = [{"ModelName": "m", "VariantName": "AllTraffic"} | variant]
    return {
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": variants} | config},
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "churn",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            },
        },
    }


def scaling(least: int, most: int) -> dict[str, Any]:
    properties = {
        "ResourceId": "endpoint/churn/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": least,
        "MaxCapacity": most,
    }
    return {"Scaling": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties}}


INSTANCES = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}


def test_an_endpoint_is_billed_all_the_month(tmp_path: Path) -> None:
    found = told(tmp_path, endpoint(INSTANCES), prices(hosting={"ml.m5.large": 0.5}))
    (cost,) = found["stacks"][0]["costs"]

    assert (cost["instance_hours"], cost["at_most"], cost["while_idle"]) == (1460, 730.0, 730.0)
    assert found["total"]["per_month"] == {"known": 730.0, "unknown": []}


def test_scaling_says_the_fewest_and_the_most(tmp_path: Path) -> None:
    resources = endpoint(INSTANCES) | scaling(1, 6)
    (cost,) = told(tmp_path, resources, prices(hosting={"ml.m5.large": 0.5}))["stacks"][0]["costs"]

    assert (cost["at_most"], cost["while_idle"]) == (6 * 365.0, 365.0)


def test_an_asynchronous_endpoint_that_scales_to_none_idles_for_nothing(tmp_path: Path) -> None:
    resources = endpoint(INSTANCES, AsyncInferenceConfig={}) | scaling(0, 1)
    stack = told(tmp_path, resources)["stacks"][0]
    (served,), (cost,) = stack["serves"], stack["costs"]

    assert served["kind"] == "asynchronous"
    assert (cost["while_idle"], cost["at_most"], cost["instance_hours"]) == (0.0, None, 730)


def test_a_serverless_endpoint_idles_for_nothing(tmp_path: Path) -> None:
    resources = endpoint({"ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 5}})
    found = told(tmp_path, resources)
    (cost,) = found["stacks"][0]["costs"]

    assert (cost["while_idle"], cost["at_most"], cost["price_is_missing"]) == (0.0, None, False)
    assert found["total"]["per_month"]["unknown"] == ["serverless endpoint Endpoint"]


def test_provisioned_concurrency_is_billed_all_the_time(tmp_path: Path) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 3}
    resources = endpoint({"ServerlessConfig": serverless})
    (unknown,) = told(tmp_path, resources)["stacks"][0]["costs"]
    (known,) = told(tmp_path, resources, prices(serverless_provisioned_gb_hour=0.01))["stacks"][0]["costs"]

    assert (unknown["provisioned_gb_hours"], unknown["while_idle"], unknown["price_is_missing"]) == (4380, None, True)
    assert (known["while_idle"], known["price_is_missing"]) == (pytest.approx(43.8), False)


@pytest.mark.parametrize(
    ("mode", "kind", "count"), [("ENSEMBLING", "ml.m5.12xlarge", 1), ("HYPERPARAMETER_TUNING", "ml.m5.2xlarge", 2)]
)
def test_a_one_click_endpoint_is_billed_too(mode: str, kind: str, count: int, tmp_path: Path) -> None:
    request = config(mode) | {"ModelDeployConfig": {"EndpointName": "churn"}}
    _, cost = told(tmp_path, {"Churn": job(**request)}, prices(hosting={kind: 2}))["stacks"][0]["costs"]

    assert (cost["what"], cost["at_most"]) == ("one-click endpoint of Churn", count * 1460.0)


@pytest.mark.parametrize("request_", [config("AUTO"), v2("TextClassificationJobConfig")])
def test_nobody_knows_the_instances_of_another_one_click_endpoint(request_: dict[str, Any], tmp_path: Path) -> None:
    deployed = request_ | {"ModelDeployConfig": {"AutoGenerateEndpointName": True}}
    _, cost = told(tmp_path, {"Churn": job(**deployed)}, prices(hosting={"ml.m5.2xlarge": 2}))["stacks"][0]["costs"]

    assert (cost["instance_type"], cost["instance_hours"], cost["at_most"]) == (None, None, None)
    assert cost["price_is_missing"]


def test_a_transform_is_told_by_the_hour(tmp_path: Path) -> None:
    resources = {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}
    transform = {"Type": "Custom::SageMakerAutoMLTransform", "Properties": {"Request": resources}}
    found = told(tmp_path, {"Transform": transform}, prices(transform={"ml.m5.large": 0.25}))

    assert [(cost["per"], cost["at_most"]) for cost in found["stacks"][0]["costs"]] == [("hour of it", 0.5)]
    assert found["total"]["per_month"] == {"known": 0, "unknown": []}


def test_retraining_costs_each_month(tmp_path: Path) -> None:
    again = {"Type": "Custom::SageMakerAutoMLRetraining", "Properties": {"Request": REQUEST, "MaxRunsPerMonth": 4}}
    found = told(tmp_path, {"Again": again}, prices(training={"ml.m5.12xlarge": 1}))

    assert found["total"]["per_month"]["known"] == 4 * 20


def test_resources_that_are_billed_while_they_exist(tmp_path: Path) -> None:
    interface = {"VpcEndpointType": "Interface"}
    resources = {
        "A": {"Type": "AWS::KMS::Key"},
        "B": {"Type": "AWS::KMS::Key"},
        "C": {"Type": "AWS::EC2::VPCEndpoint", "Properties": interface},
        "D": {"Type": "AWS::EC2::VPCEndpoint"},
        "E": {"Type": "AWS::SQS::Queue"},
    }
    known = prices(resources_per_month={"AWS::KMS::Key": 1.25, "AWS::SQS::Queue": 0})
    costs = {cost["what"]: cost["at_most"] for cost in told(tmp_path, resources, known)["stacks"][0]["costs"]}

    assert costs == {"2 AWS::KMS::Keys": 2.5, "1 AWS::EC2::VPCEndpoint": None, "1 AWS::SQS::Queue": 0}


def test_whether_it_trains_is_not_known_now_so_it_may(tmp_path: Path) -> None:
    cost = training(tmp_path, {"GenerateCandidateDefinitionsOnly": {"Fn::If": ["C", True, False]}})

    assert (cost["instance_hours"], cost["at_most"]) == (20, None)


def test_a_run_that_judges_on_a_holdout_costs_its_transform_jobs_too(tmp_path: Path) -> None:
    properties = {"Request": REQUEST, "MaxRunsPerMonth": 4, "Holdout": {"InstanceType": "ml.m5.xlarge"}}
    again = {"Type": "Custom::SageMakerAutoMLRetraining", "Properties": properties}
    found = told(tmp_path, {"Again": again}, prices(transform={"ml.m5.xlarge": 0.5}))
    _, cost = found["stacks"][0]["costs"]

    assert (cost["what"], cost["instance_type"], cost["instance_hours"]) == (
        "evaluation by Again",
        "ml.m5.xlarge",
        4 * 2 * 3,
    )
    assert cost["at_most"] == 12.0


def test_the_hours_after_which_a_run_gives_up() -> None:
    assert bill._EVALUATION[1] * 3600 == retrain_run._LONGEST_EVALUATION


def test_a_transform_is_unknown_in_all(tmp_path: Path) -> None:
    resources = {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}
    transform = {"Type": "Custom::SageMakerAutoMLTransform", "Properties": {"Request": resources}}
    found = told(tmp_path, {"Transform": transform}, prices(transform={"ml.m5.large": 0.25}))

    assert found["total"]["per_job"] == {"known": 0, "unknown": ["transform Transform"]}


@pytest.mark.parametrize(
    ("config_name", "variants"),
    [
        ("made-elsewhere", []),
        ({"Ref": "Parameter"}, []),
        ({"Ref": "Config"}, {"Fn::If": ["Large", [INSTANCES], [INSTANCES]]}),
        ({"Ref": "Config"}, [{"Fn::If": ["Large", INSTANCES, {"Ref": "AWS::NoValue"}]}]),
    ],
)
def test_an_endpoint_of_which_nothing_is_known_is_not_left_out(config_name: Any, variants: Any, tmp_path: Path) -> None:
    resources = endpoint(INSTANCES)
    resources["Config"]["Properties"]["ProductionVariants"] = variants
    resources["Endpoint"]["Properties"]["EndpointConfigName"] = config_name
    found = told(tmp_path, resources, prices(hosting={"ml.m5.large": 0.5}))

    assert found["total"]["per_month"] == {"known": 0, "unknown": ["endpoint Endpoint"]}
    assert "    Endpoint: of a kind that is not known now" in screen.lines(found, 100)


def test_all_variants_cost_those_in_the_shadow_too(tmp_path: Path) -> None:
    shadow = {"ModelName": "n", "VariantName": "Shadow", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    found = told(tmp_path, endpoint(INSTANCES, ShadowProductionVariants=[shadow]), prices(hosting={"ml.m5.large": 0.5}))

    assert [cost["what"] for cost in found["stacks"][0]["costs"]] == [
        "real-time endpoint Endpoint, variant AllTraffic",
        "real-time endpoint Endpoint, variant Shadow",
    ]
    assert found["total"]["per_month"] == {"known": 3 * 365.0, "unknown": []}


def test_sagemaker_may_scale_a_variant_itself(tmp_path: Path) -> None:
    scales = {"ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 4}}
    (cost,) = told(tmp_path, endpoint(INSTANCES | scales))["stacks"][0]["costs"]

    assert (cost["instance_hours"], cost["least_instance_hours"]) == (4 * 730, 0)


def test_scaling_may_name_the_endpoint_by_its_resource(tmp_path: Path) -> None:
    resources = endpoint(INSTANCES) | scaling(1, 6)
    name = {"Fn::GetAtt": ["Endpoint", "EndpointName"]}
    resources["Scaling"]["Properties"]["ResourceId"] = {"Fn::Join": ["", ["endpoint/", name, "/variant/AllTraffic"]]}
    (cost,) = told(tmp_path, resources)["stacks"][0]["costs"]

    assert cost["instance_hours"] == 6 * 730


def test_an_interface_endpoint_says_that_each_zone_is_billed(tmp_path: Path) -> None:
    resources = {"A": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Interface"}}}
    (cost,) = told(tmp_path, resources)["stacks"][0]["costs"]

    assert "each is billed in each of its zones: the price has to be that of all zones" in cost["assumed"]


def test_stacks_with_resources_of_one_name_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "out", endpoint(INSTANCES), name="Test")
    test = json.loads((tmp_path / "out" / "manifest.json").read_text())
    write(tmp_path / "out", endpoint(INSTANCES | {"InitialInstanceCount": 5}), name="Live")
    live = json.loads((tmp_path / "out" / "manifest.json").read_text())
    live["artifacts"] |= test["artifacts"]
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(live))
    assembly = Assembly.read(tmp_path / "out")
    found = facts.told(assembly, assembly.stacks, PriceList())

    said = " ".join(" ".join(screen.lines(found, 200)).split())
    assert (
        "for each month: unknown: real-time endpoint Endpoint of Live (3,650 instance-hours of ml.m5.large), "
        "real-time endpoint Endpoint of Test (1,460 instance-hours of ml.m5.large)" in said
    )
