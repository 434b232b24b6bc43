"""What is told of an app, for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from constructs_lib.runtime.contract import OnTimeout

from .bill import HOURS_PER_MONTH, named
from .policies import sentence
from .words import counted, duration

_UNKNOWN: Final = "unknown"
_ON_TIMEOUT: Final = {
    OnTimeout.STOP_JOB: "the job is stopped and the deployment fails",
    OnTimeout.FAIL: "the deployment fails",
    OnTimeout.LET_RUN: "the deployment goes on without it, and the job runs on",
}


def lines(facts: dict[str, Any], width: int) -> Iterator[str]:
    """The lines to print.

    Args:
        facts: As `facts.told` has them.
        width: Columns of the terminal.
    """
    for depth, head, text in _said(facts):
        lead = f"{'  ' * depth}{head}"
        yield from _wrapped(lead, text, width) if text or head else [""]


def _wrapped(lead: str, text: str, width: int) -> Sequence[str]:
    hang = " " * (len(lead) if len(lead) <= width // 3 else len(lead) - len(lead.lstrip()) + 4)
    return textwrap.wrap(
        f"{lead}{text}".rstrip(), width, subsequent_indent=hang, break_on_hyphens=False, replace_whitespace=False
    )


_Line = tuple[int, str, str]
"""How deep it stands, what leads it, and what it says; further lines of it begin below the latter."""

_BREAK: Final[_Line] = (0, "", "")


def _said(facts: dict[str, Any]) -> Iterator[_Line]:
    for number, stack in enumerate(facts["stacks"]):
        if number:
            yield _BREAK
        where = f"account {stack['account'] or 'of the deployment'}, {stack['region'] or 'region of the deployment'}"
        yield 0, "", f"Stack {stack['name']} ({where})"
        yield from _stack(stack, facts["currency"])
    yield _BREAK
    yield 0, "", "In all, at most"
    yield from _total(facts)
    yield from _sources(facts)


def _stack(stack: dict[str, Any], currency: str | None) -> Iterator[_Line]:
    yield _BREAK
    kinds = ", ".join(f"{count} {kind}" for kind, count in stack["creates"].items())
    yield 1, f"Creates {counted(sum(stack['creates'].values()), 'resource')}: ", kinds
    for nested in stack["not_read"]:
        yield 1, "", f"NOT READ: the nested stack {nested}, whose template is not named here; `cdk synth` names it"
    parts = (
        ("Trains", _jobs(stack["jobs"])),
        ("Trains again, by itself", _retrainings(stack["retrainings"])),
        ("A deployment waits for", _waits(stack["waits"])),
        ("Serves", _serves(stack["serves"])),
        ("Roles", _roles(stack["roles"])),
        ("Policies of resources", _opened(stack["opened"])),
        ("Costs at most", _costs(stack["costs"], currency)),
        ("Stays after `cdk destroy`", _stays(stack["stays"])),
    )
    for title, said in parts:
        found = list(said)
        if found:
            yield _BREAK
            yield 1, "", title
            yield from found


def _jobs(jobs: list[dict[str, Any]]) -> Iterator[_Line]:
    for job in jobs:
        yield 2, "", f"{job['name']} ({job['call']})"
        yield from _request(job)


def _request(job: dict[str, Any]) -> Iterator[_Line]:
    problem = ", ".join(filter(None, [job["problem"], job["problem_type"]]))
    yield 3, "learns   ", f"{job['target'] or 'what its data say'} ({problem})"
    for channel in job["data"]:
        kind = f" ({channel['content_type']})" if channel["content_type"] else ""
        yield 3, "from     ", f"{channel['channel']}: {channel['uri']}{kind}"
    by = ", ".join(job["algorithms"])
    how = [
        f"mode {job['mode']}" if job["mode"] else "the service's own mode" if job["problem"] == "Tabular" else "",
        f"for the best {job['objective']}" if job["objective"] else "for a metric that the service chooses",
        f"with {by}" if by else "",
    ]
    yield 3, "how      ", ", ".join(filter(None, how))
    yield 3, "writes   ", job["output"]
    yield 3, "runs as  ", job["role"]
    yield 3, "stops    ", _ends(job)
    if job["deploys"]:
        yield 3, "serves   ", f"{job['deploys']}, made by the service when the job ends (one-click)"


def _ends(job: dict[str, Any]) -> str:
    if not job["trains"]:
        return "when the definitions of candidates are written: nothing is trained"
    said = [f"after {_limit(job['seconds'], duration)}"]
    said.append(f"after {_limit(job['candidates'], lambda count: counted(count, 'candidate'))}")
    one = job["seconds_per_candidate"]
    if one["given"]:
        said.append(f"each candidate after {_limit(one, duration)}")
    return "; ".join(said)


def _limit(bound: dict[str, Any], in_words: Any) -> str:
    if bound["at_most"] is None:
        return f"a limit that only the deployment knows ({bound['from']})"
    return f"{in_words(bound['at_most'])}" + ("" if bound["given"] else f" ({bound['from']})")


def _retrainings(retrainings: list[dict[str, Any]]) -> Iterator[_Line]:
    for again in retrainings:
        runs = again["runs_per_month"]
        most = f"at most {counted(runs, 'job')} a month" if runs is not None else "as often as the deployment says"
        promotes = ", and lets what is better serve" if again["promotes"] else ""
        yield 2, "", f"{again['name']}: {most}{promotes}"


def _waits(waits: list[dict[str, Any]]) -> Iterator[_Line]:
    for wait in waits:
        time = duration(wait["seconds"]) if wait["seconds"] is not None else "a time of the deployment"
        then = _ON_TIMEOUT.get(wait["on_timeout"] or OnTimeout.STOP_JOB, wait["on_timeout"])
        yield 2, "", f"{wait['name']}: the end of {wait['job']}, {time} at most; then {then}"
        if wait["gate"]:
            missed = "the deployment goes on" if wait["on_miss"] == "warn" else "the deployment fails"
            yield 3, "", f"gate: {wait['gate']}, or {missed}"


def _serves(serves: list[dict[str, Any]]) -> Iterator[_Line]:
    for served in serves:
        yield 2, "", f"{served['name']}: {_instances(served)}"


def _instances(served: dict[str, Any]) -> str:
    if served["kind"] == "serverless":
        provisioned = served["provisioned_concurrency"]
        always = f", {provisioned:g} of it always ready, which is billed all the time" if provisioned else ""
        memory = f"{served['memory_gb']:g} GB" if served["memory_gb"] is not None else "memory of the deployment"
        return f"serverless, {memory}{always}" + ("" if always else "; it costs nothing while nobody asks")
    instances = served["instances"]
    if instances is None or None in instances.values():
        kind = "of a kind" if served["kind"] == "unknown" else f"{served['kind']}, a number of instances"
        return f"{kind} that is not known now"
    least, most = instances["least"], instances["most"]
    number = counted(most, "instance") if least == most else f"{least:g} to {counted(most, 'instance')}"
    idle = "they are billed as long as it exists" if least else "with none of them it costs nothing"
    return f"{served['kind']}, {number} of {served['instance_type'] or _UNKNOWN}; {idle}"


def _roles(roles: list[dict[str, Any]]) -> Iterator[_Line]:
    for role in roles:
        described = f": {role['description']}" if role["description"] else ""
        yield 2, "", f"{role['name']}{described}"
        for trust in role["assumed_by"]:
            if_ = f", if {' and '.join(trust['conditions'])}" if trust["conditions"] else ""
            verb = "is assumed by" if trust["effect"] == "Allow" else "is never assumed by"
            yield 3, "- ", f"{verb} {_everybody(trust['who'])}{if_}"
        for arn in role["managed_policies"]:
            yield 3, "- ", f"may what {arn} allows"
        for statement in role["may"]:
            yield 3, "- ", sentence(statement)
        if role["permissions_boundary"]:
            yield 3, "- ", f"may nothing beyond its boundary {role['permissions_boundary']}"
        wild = sorted({each for statement in role["may"] for each in statement["wildcards"]})
        if wild:
            yield 3, "wildcards: ", ", ".join(wild)


def _everybody(who: list[str]) -> str:
    return ", ".join("everybody (*)" if each == "*" else each for each in who) or "nobody"


def _opened(opened: list[dict[str, Any]]) -> Iterator[_Line]:
    for each in opened:
        yield 2, "", f"{each['resource']}"
        for statement in each["statements"]:
            yield 3, "- ", f"{_everybody(statement['who'])} {sentence(statement)}"


def _costs(costs: list[dict[str, Any]], currency: str | None) -> Iterator[_Line]:
    for cost in costs:
        yield 2, "", f"{cost['what']}, each {cost['per'].removesuffix(' of it')}: {_amount(cost, currency)}"
        for assumed in cost["assumed"]:
            yield 3, "- ", assumed


def _amount(cost: dict[str, Any], currency: str | None) -> str:
    if cost["at_most"] is not None and cost["price_per_hour"] is not None:
        rate = f"{cost['price_per_hour']:g} {currency} an hour"
        said = f"{_money(cost['at_most'], currency)}, {_hours(cost)} at {rate}"
    elif cost["at_most"] is not None:
        said = _money(cost["at_most"], currency)
    elif cost["instance_hours"] is not None:
        said = f"price {_UNKNOWN}, {_hours(cost)}"
    else:
        said = _UNKNOWN
    if cost["while_idle"] is not None and cost["while_idle"] != cost["at_most"]:
        said += f"; while nobody asks {_money(cost['while_idle'], currency)}"
    elif cost.get("provisioned_gb_hours"):
        said += f"; while nobody asks {counted(cost['provisioned_gb_hours'], 'GB-hour')} provisioned"
    elif cost.get("least_instance_hours") not in (None, cost["instance_hours"]):
        said += f"; while nobody asks {counted(cost['least_instance_hours'], 'instance-hour')}"
    return said


def _hours(cost: dict[str, Any]) -> str:
    of = f" of {cost['instance_type']}" if cost["instance_type"] else ""
    return f"{counted(cost['instance_hours'], 'instance-hour')}{of}"


def _money(amount: float, currency: str | None) -> str:
    """An amount, never rounded down."""
    return "nothing" if amount == 0 else f"{counted(amount, '').rstrip(' s')} {currency}"


def _stays(stays: list[dict[str, str]]) -> Iterator[_Line]:
    for each in stays:
        yield 2, "", f"{each['name']} ({each['type']}): {each['why']}"


def _total(facts: dict[str, Any]) -> Iterator[_Line]:
    total, currency = facts["total"], facts["currency"]
    several = len(facts["stacks"]) > 1
    hours = {
        named(cost, stack["name"] if several else None): f" ({_hours(cost)})"
        for stack in facts["stacks"]
        for cost in stack["costs"]
        if cost["instance_hours"] is not None and cost["per"] != "hour of it"
    }
    for key, called in (("per_job", "for each training of every job"), ("per_month", "for each month")):
        one = total[key]
        said = [_money(one["known"], currency)] if one["known"] or not one["unknown"] else []
        names = [what + hours.get(what, "") for what in one["unknown"]]
        if names:
            said.append(f"{_UNKNOWN}: {', '.join(names)}")
        yield 1, f"{called}: ", "; and ".join(said)


def _sources(facts: dict[str, Any]) -> Iterator[_Line]:
    yield _BREAK
    for prices in facts["prices"]:
        yield 0, "", f"Prices of {prices['region']}, {prices['date']}, from '{prices['file']}': {prices['source']}"
    regions = {prices["region"] for prices in facts["prices"]}
    for stack in facts["stacks"]:
        if regions and stack["prices_of"] is None:
            yield 0, "", f"No prices are given for {stack['name']} ({stack['region'] or 'any region'})"
        elif regions and stack["region"] is None:
            yield 0, "", f"{stack['name']} names no region: the prices of {stack['prices_of']} are taken"
    if not facts["prices"]:
        yield 0, "", "No prices were given: `--prices FILE`. An unknown price is not 0."
    yield (
        0,
        "",
        f"A month has {HOURS_PER_MONTH} hours. Storage, requests, transfer and waiting are not in these figures, nor "
        "is what no line names.",
    )
