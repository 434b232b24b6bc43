"""What a stack costs at most: hours of instances, and money where a price is known."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.stacks import Place, Stack
from constructs_lib.runtime.contract import TRANSFORM_TYPE, Property

from .prices import Prices
from .words import Words, counted, number_of

HOURS_PER_MONTH: Final = 730
"""The hours of an average month."""

SEEN: Final = "ml.m5.12xlarge"
"""The largest instances on which tabular jobs trained in public runs [training-instances]."""

_ONE_CLICK: Final[Mapping[str | None, tuple[str, int]]] = {
    "ENSEMBLING": ("ml.m5.12xlarge", 1),
    "HYPERPARAMETER_TUNING": ("ml.m5.2xlarge", 2),
    None: ("ml.m5.2xlarge", 2),  # a job without a mode was seen to tune
}
"""For which endpoints there has to be a quota:
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-deploy-models-realtime.html"""

_EVALUATION: Final = (2, 3)
"""Transform jobs of a run that judges on a holdout, and the hours after which the run gives up."""

_ENDPOINT_OF_VPC: Final = "AWS::EC2::VPCEndpoint"

_BILLED: Final = (
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::Instance",
    "AWS::EC2::NatGateway",
    _ENDPOINT_OF_VPC,
    "AWS::ECS::Service",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::SageMaker::NotebookInstance",
    "AWS::SecretsManager::Secret",
    "AWS::WAFv2::WebACL",
)
"""Types of resources that are billed while they exist, whether they are used or not."""

_CONFIG: Final = "AWS::SageMaker::EndpointConfig"
_ENDPOINT: Final = "AWS::SageMaker::Endpoint"
_TARGET: Final = "AWS::ApplicationAutoScaling::ScalableTarget"


def serving(assembly: Assembly, stack: Stack, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What answers requests, as facts."""
    found = [
        variant
        for place, properties in stack.of(_ENDPOINT)
        for variant in _variants(Words(assembly, stack, place.templates), place.logical_id, properties)
    ]
    return found + [_one_click(job) for job in jobs if job["deploys"]]


def _one_click(job: dict[str, Any]) -> dict[str, Any]:
    known = _ONE_CLICK.get(job["mode"]) if job["problem"] == "Tabular" else None
    kind, count = known or (None, None)
    asked = f"it has {counted(count, 'instance')} of {kind}, as AWS asks a quota for" if count else ""
    return {
        "name": f"one-click endpoint of {job['name']}",
        "kind": "one-click",
        "instance_type": kind,
        "instances": {"least": count, "most": count} if count else None,
        "memory_gb": None,
        "provisioned_concurrency": 0,
        "assumed": [asked or "the service chooses its instances, and AWS documents none"],
    }


def _variants(words: Words, logical_id: str, endpoint: dict[str, Any]) -> Iterator[dict[str, Any]]:
    place = words.assembly.origin(endpoint.get("EndpointConfigName"), Place(words.stack, words.templates, ""))
    config = place.resource.get("Properties", {}) if place and place.resource.get("Type") == _CONFIG else {}
    name = words.name_of(logical_id)
    listed = [config.get("ProductionVariants"), config.get("ShadowProductionVariants", [])]
    variants = [each for one in listed for each in (one if isinstance(one, list) else [one])]
    for variant in variants:
        called = name if len(variants) == 1 else f"{name}, variant {words.of(_dict(variant).get('VariantName', ''))}"
        if not isinstance(variant, dict) or "VariantName" not in variant:
            yield _unknown(called, "what it runs on is known only to the deployment, or is not of this app")
            continue
        yield _variant(words, logical_id, endpoint, config, variant) | {"name": called}


def _unknown(name: str, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "unknown",
        "instance_type": None,
        "instances": None,
        "memory_gb": None,
        "provisioned_concurrency": None,
        "assumed": [why],
    }


def _variant(
    words: Words, logical_id: str, endpoint: dict[str, Any], config: dict[str, Any], variant: dict[str, Any]
) -> dict[str, Any]:
    serverless = variant.get("ServerlessConfig")
    settings = _dict(serverless)
    kind = "serverless" if serverless else "asynchronous" if "AsyncInferenceConfig" in config else "real-time"
    memory = number_of(settings.get("MemorySizeInMB"))
    return {
        "name": "",
        "kind": kind,
        "instance_type": None if serverless else words.of(variant.get("InstanceType", "")) or None,
        "instances": None if serverless else _scaled(words, logical_id, endpoint, variant),
        "memory_gb": None if memory is None else memory / 1024,
        # Of settings that only the deployment knows, it is not known either.
        "provisioned_concurrency": number_of(
            settings.get("ProvisionedConcurrency", None if serverless and "MemorySizeInMB" not in settings else 0)
        ),
        "assumed": [],
    }


def _scaled(
    words: Words, logical_id: str, endpoint: dict[str, Any], variant: dict[str, Any]
) -> dict[str, float | None]:
    """The fewest and the most instances; None: only known at deploy time."""
    least = most = number_of(variant.get("InitialInstanceCount"))
    managed = variant.get("ManagedInstanceScaling")
    if managed is not None:
        least, most = (number_of(_dict(managed).get(name)) for name in ("MinInstanceCount", "MaxInstanceCount"))
    names = (endpoint.get("EndpointName", ""), {"Fn::GetAtt": [logical_id, "EndpointName"]})
    own = {f"endpoint/{words.of(name)}/variant/{words.of(variant.get('VariantName', ''))}" for name in names}
    where = (words.stack.account, words.stack.region)
    for stack in words.assembly.stacks:
        if (stack.account, stack.region) != where:
            continue
        for place, target in stack.of(_TARGET):
            theirs = Words(words.assembly, stack, place.templates).of(target.get("ResourceId", ""))
            if theirs in own and "Instance" in str(target.get("ScalableDimension")):
                least, most = number_of(target.get("MinCapacity")), number_of(target.get("MaxCapacity"))
    return {"least": least, "most": most}


def costs(assembly: Assembly, stack: Stack, facts: dict[str, Any], prices: Prices | None) -> list[dict[str, Any]]:
    """What costs money in a stack, as facts: `per` says what of.

    `at_most` is None where the price or the number of hours is not known: `price_is_missing` tells of the price.
    """
    found = [_training(f"training the candidates of {job['name']}", "job", job, 1, prices) for job in facts["jobs"]]
    for again in facts["retrainings"]:
        runs = again["runs_per_month"]
        found.append(_training(f"retraining by {again['name']}", "month", again, runs, prices))
        if again["judges_on"] is not None:
            found.append(_evaluation(again, prices))
    found += [_serving(each, prices) for each in facts["serves"]]
    for place, properties in stack.of(TRANSFORM_TYPE):
        words = Words(assembly, stack, place.templates)
        found.append(_transform(words, place.logical_id, _dict(properties.get(Property.REQUEST)), prices))
    return [*found, *_existing(stack, prices)]


def _training(what: str, per: str, job: dict[str, Any], times: float | None, prices: Prices | None) -> dict[str, Any]:
    if not job["trains"]:
        return _cost(what, per, None, 0.0, 0.0, ["only the definitions of candidates are written: none is trained"])
    whole, one = job["seconds"], job["seconds_per_candidate"]
    known = [each["at_most"] for each in (whole, one) if each["at_most"] is not None]
    candidates = job["candidates"]["at_most"]
    hours = None
    if known and candidates is not None and times is not None:
        hours = times * candidates * min(known) / 3600
    assumed = ["each candidate trains on one instance", "not in it: what the job does before and after training"]
    kind = prices.training_instance_type if prices else None
    if kind and prices:
        assumed.append(f"it trains on {kind}, as '{prices.file}' says; the service chooses")
    elif job["problem"] == "Tabular":
        kind = SEEN
        assumed.append(f"it trains on {kind}, the largest in public runs; the service chooses")
    else:
        assumed.append("the service chooses the instances, and AWS documents no type")
    if not whole["given"] and not one["given"]:
        assumed.append("no completion criteria bound its time: the service's own maximum does")
    price = prices.by_instance["training"].get(kind) if prices and kind else None
    return _cost(what, per, kind, hours, price, assumed)


def _evaluation(again: dict[str, Any], prices: Prices | None) -> dict[str, Any]:
    jobs, hours = _EVALUATION
    runs, kind = again["runs_per_month"], again["judges_on"]
    assumed = [
        f"each run has {jobs} transform jobs on one instance, and gives up after {hours} hours",
        "not in it: a further one, where another model was promoted meanwhile",
    ]
    price = prices.by_instance["transform"].get(kind) if prices else None
    return _cost(
        f"evaluation by {again['name']}", "month", kind, None if runs is None else runs * jobs * hours, price, assumed
    )


def _serving(served: dict[str, Any], prices: Prices | None) -> dict[str, Any]:
    lead = {"one-click": "", "unknown": "endpoint "}.get(served["kind"], f"{served['kind']} endpoint ")
    what = f"{lead}{served['name']}"
    if served["kind"] == "serverless":
        return _serverless(what, served, prices)
    instances = served["instances"] or {"least": None, "most": None}
    most = instances["most"]
    hours = None if most is None else most * HOURS_PER_MONTH
    kind = served["instance_type"]
    price = prices.by_instance["hosting"].get(kind) if prices and kind else None
    cost = _cost(what, "month", kind, hours, price, served["assumed"])
    least = instances["least"]
    cost["least_instance_hours"] = None if least is None else least * HOURS_PER_MONTH
    cost["while_idle"] = None if least is None or price is None else least * HOURS_PER_MONTH * price
    if least == 0:
        cost["while_idle"] = 0.0
    return cost


def _serverless(what: str, served: dict[str, Any], prices: Prices | None) -> dict[str, Any]:
    """Nothing while nobody asks, but for what is provisioned; each answer is billed."""
    cost = _cost(what, "month", None, None, None, ["each answer is billed by its time: how many come is not known"])
    provisioned, memory = served["provisioned_concurrency"], served["memory_gb"]
    price = prices.serverless_provisioned_gb_hour if prices else None
    cost["price_is_missing"] = False
    if provisioned == 0:
        cost["while_idle"] = 0.0
    elif provisioned is not None and memory is not None:
        cost["provisioned_gb_hours"] = provisioned * memory * HOURS_PER_MONTH
        cost["while_idle"] = None if price is None else cost["provisioned_gb_hours"] * price
        cost["price_is_missing"] = price is None
    else:
        cost["while_idle"] = None
    return cost


def _transform(words: Words, logical_id: str, request: dict[str, Any], prices: Prices | None) -> dict[str, Any]:
    resources = _dict(request.get("TransformResources"))
    kind = words.of(resources.get("InstanceType", "")) or None
    count = number_of(resources.get("InstanceCount"))
    price = prices.by_instance["transform"].get(kind) if prices and kind else None
    assumed = ["a transform job has no maximum time: this is an hour of it"]
    return _cost(f"transform {words.name_of(logical_id)}", "hour of it", kind, count, price, assumed)


def _existing(stack: Stack, prices: Prices | None) -> Iterator[dict[str, Any]]:
    priced = prices.resources_per_month if prices else {}
    counts = Counter(
        str(resource["Type"])
        for _, resource in stack.resources()
        if resource.get("Type") in {*_BILLED, *priced} and not _is_free(resource)
    )
    for kind, count in sorted(counts.items()):
        price = priced.get(kind)
        money = None if price is None else count * price
        yield {
            **_cost(counted(count, kind), "month", None, None, None, list(_while_it_exists(kind))),
            "at_most": money,
            "while_idle": money,
            "price_is_missing": price is None,
        }


def _while_it_exists(kind: str) -> Iterator[str]:
    yield "while it exists; use is billed besides"
    if kind == _ENDPOINT_OF_VPC:
        yield "each is billed in each of its zones: the price has to be that of all zones"


def _is_free(resource: dict[str, Any]) -> bool:
    """A gateway endpoint costs nothing; it is what an endpoint without a type is."""
    kind: object = resource.get("Properties", {}).get("VpcEndpointType", "Gateway")
    return resource["Type"] == "AWS::EC2::VPCEndpoint" and kind == "Gateway"


def _cost(
    what: str, per: str, kind: str | None, hours: float | None, price: float | None, assumed: list[str]
) -> dict[str, Any]:
    return {
        "what": what,
        "per": per,
        "instance_type": kind,
        "instance_hours": hours,
        "price_per_hour": price,
        "at_most": 0.0 if hours == 0 else None if hours is None or price is None else hours * price,
        "while_idle": None,
        "price_is_missing": price is None and hours != 0,
        "assumed": assumed,
    }


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def named(cost: dict[str, Any], stack: str | None) -> str:
    """What costs, told apart from the like in another stack."""
    return f"{cost['what']} of {stack}" if stack else str(cost["what"])


def total(costs: Iterable[tuple[dict[str, Any], str | None]]) -> dict[str, dict[str, Any]]:
    """What is known in all, and what is not, for each job and for each month: unknown is never 0.

    Args:
        costs: Each with its stack, where there are several.
    """
    sums: dict[str, dict[str, Any]] = {}
    every = list(costs)
    for per in ("job", "month"):
        those = [(cost, stack) for cost, stack in every if cost["per"] == per]
        sums[f"per_{per}"] = {
            "known": math.fsum(cost["at_most"] for cost, _ in those if cost["at_most"] is not None),
            "unknown": [named(cost, stack) for cost, stack in those if cost["at_most"] is None],
        }
    # How many hours a transform takes nobody knows, whatever an hour costs.
    sums["per_job"]["unknown"] += [named(cost, stack) for cost, stack in every if cost["per"] == "hour of it"]
    return sums
