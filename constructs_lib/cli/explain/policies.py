"""What each role of a stack may do, and whom its resources are opened to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from constructs_lib.rehearsal import policies
from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.stacks import Place, Stack

from .words import Words

_TESTS: Final = {
    "Equals": "is",
    "EqualsIgnoreCase": "is",
    "Like": "is like",
    "LessThan": "is less than",
    "LessThanEquals": "is at most",
    "GreaterThan": "is more than",
    "GreaterThanEquals": "is at least",
}
_BUT: Final = "* but for "
_KINDS: Final = ("String", "Arn", "Numeric", "Date", "Binary")
_NEGATED: Final = {"is": "is not", "is like": "is not like"}


def roles(assembly: Assembly, stack: Stack) -> list[dict[str, Any]]:
    """The roles of a stack, and roles from elsewhere that it gives permissions to, as facts."""
    found: dict[str, dict[str, Any]] = {}
    for place, resource in stack.resources():
        if resource.get("Type") == policies.ROLE:
            words = Words(assembly, stack, place.templates)
            role = _role(words, words.name_of(place.logical_id), resource.get("Properties", {}), assembly)
            found[f"{{{role['name']}}}"] = role
    for place, resource in stack.resources():
        if resource.get("Type") not in policies.ATTACHED:
            continue
        words, properties = Words(assembly, stack, place.templates), resource.get("Properties", {})
        for kind, names in policies.holders(properties):
            for name in words.all_of(names):
                holder = found.setdefault(name, _elsewhere(name, kind))
                holder["may"] += statements(words, properties.get("PolicyDocument"))
    return list(found.values())


def opened(assembly: Assembly, stack: Stack) -> list[dict[str, Any]]:
    """What policies of resources allow or deny others, as facts."""
    found: list[dict[str, Any]] = []
    for place, resource in stack.resources():
        kind, properties = resource.get("Type"), resource.get("Properties", {})
        words = Words(assembly, stack, place.templates)
        if kind == "AWS::Lambda::Permission":
            found.append(_call(words, properties))
        if kind not in policies.OF_RESOURCES:
            continue
        opens, holds = policies.OF_RESOURCES[kind]
        name = f"{{{words.name_of(place.logical_id)}}}" if opens is None else words.of(properties.get(opens, ""))
        each = statements(words, properties.get(holds))
        if each:
            found.append({"resource": name, "statements": each})
    return found


def _role(words: Words, name: str, properties: dict[str, Any], assembly: Assembly) -> dict[str, Any]:
    may: list[dict[str, Any]] = []
    for policy, conditions in policies.either(properties.get("Policies", []), words.holds):
        known = isinstance(policy, dict) and "PolicyDocument" in policy
        may += statements(words, policy["PolicyDocument"] if known else policy, conditions)
    managed = []
    arns = properties.get("ManagedPolicyArns", [])
    for arn in arns if isinstance(arns, list) else [arns]:
        place = assembly.origin(arn, Place(words.stack, words.templates, ""))
        if place is None:
            managed.append(words.of(arn))
        elif not _names(place.resource, words, name):  # those that name the role are found with the policies
            of_policy = Words(assembly, place.stack, place.templates)
            may += statements(of_policy, place.resource.get("Properties", {}).get("PolicyDocument"))
    boundary = properties.get("PermissionsBoundary")
    return {
        "name": name,
        "description": words.of(properties.get("Description", "")),
        "in_this_stack": True,
        "assumed_by": statements(words, properties.get("AssumeRolePolicyDocument")),
        "managed_policies": managed,
        "permissions_boundary": None if boundary is None else words.of(boundary),
        "may": may,
    }


def _names(policy: dict[str, Any], words: Words, role: str) -> bool:
    return f"{{{role}}}" in words.all_of(policy.get("Properties", {}).get("Roles", []))


def _elsewhere(name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name.strip("{}"),
        "description": f"{kind} from elsewhere: what else it may do is not known here",
        "in_this_stack": False,
        "assumed_by": [],
        "managed_policies": [],
        "permissions_boundary": None,
        "may": [],
    }


def _call(words: Words, properties: dict[str, Any]) -> dict[str, Any]:
    conditions = [
        f"{key} is {words.of(properties[name])}"
        for name, key in (("SourceArn", "aws:SourceArn"), ("SourceAccount", "aws:SourceAccount"))
        if name in properties
    ]
    action = words.of(properties.get("Action", "lambda:InvokeFunction"))
    who = words.all_of(properties.get("Principal", "*"))
    return {
        "resource": words.of(properties.get("FunctionName", "")),
        "statements": [_statement("Allow", [action], [], who, conditions)],
    }


def statements(words: Words, document: Any, conditions: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The statements of a policy document.

    Args:
        words: Those of its template.
        document: The document; `None` if there is none.
        conditions: Without which it is not there.
    """
    return [_read(words, statement, more) for statement, more in policies.statements(document, words.holds, conditions)]


def _read(words: Words, statement: Any, conditions: Sequence[str]) -> dict[str, Any]:
    if not isinstance(statement, dict) or policies.is_intrinsic(statement):
        return _statement("Allow", ["what only the deployment knows"], [], [], list(conditions))
    actions = _but(words, statement, "Action")
    resources = _but(words, statement, "Resource")
    return _statement(
        words.of(statement.get("Effect", "Allow")),
        actions,
        resources,
        list(_who(words, statement)),
        [*_conditions(words, statement.get("Condition")), *conditions],
    )


def _statement(
    effect: str, actions: list[str], resources: list[str], who: list[str], conditions: list[str]
) -> dict[str, Any]:
    return {
        "effect": effect,
        "who": who,
        "actions": actions,
        "resources": resources,
        "conditions": conditions,
        "wildcards": [each for each in (*who, *actions, *resources) if "*" in each or "?" in each],
    }


def _but(words: Words, statement: dict[str, Any], member: str) -> list[str]:
    """The values of a member, or what is excepted by its `Not` form."""
    if f"Not{member}" in statement:
        return [f"{_BUT}{', '.join(_short(each, words) for each in words.all_of(statement[f'Not{member}']))}"]
    return [_short(each, words) for each in words.all_of(statement.get(member, []))]


def _who(words: Words, statement: dict[str, Any]) -> Iterator[str]:
    for member, lead in (("Principal", ""), ("NotPrincipal", _BUT)):
        match statement.get(member):
            case None:
                continue
            case dict() as principals if not policies.is_intrinsic(principals):
                for kind, values in principals.items():
                    for value in words.all_of(values):
                        yield f"{lead}{_kind(kind)}{_short(value, words)}"
            case value:
                yield f"{lead}{words.of(value)}"


def _kind(kind: str) -> str:
    return {"Service": "the service ", "Federated": "whoever signs in with ", "CanonicalUser": "the S3 user "}.get(
        kind, ""
    )


def _conditions(words: Words, condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict):
        return
    for operator, tests in condition.items():
        if not isinstance(tests, dict):
            continue
        for key, values in tests.items():
            yield _tested(operator, key, [_short(each, words) for each in words.all_of(values)])


def _tested(operator: str, key: str, values: list[str]) -> str:
    """One test of a condition, in words."""
    quantifier, _, base = operator.rpartition(":")
    absent = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    shown = " or ".join(values)
    if base == "Null":
        return f"{key} is {'absent' if values == ['true'] else 'given'}"
    kind = next((each for each in _KINDS if base.startswith(each)), "")
    rest = base.removeprefix(kind)
    negated = rest.startswith("Not") or base.startswith("NotIp")
    test = "is" if base in ("Bool", "IpAddress", "NotIpAddress") else _TESTS.get(rest.removeprefix("Not"))
    if test is None:
        return f"{key} {operator} {shown}"
    if negated:
        test, shown = _NEGATED.get(test, f"not {test}"), " nor ".join(values)
    every = {"ForAllValues": "each value of ", "ForAnyValue": "a value of "}.get(quantifier, "")
    return f"{every}{key} {test} {shown}{' (or is absent)' if absent else ''}"


def _short(arn: str, words: Words) -> str:
    """An ARN without what is the stack's own: partition, region and account."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return arn
    _, _, service, region, account, resource = parts
    own_region, own_account = words.of({"Ref": "AWS::Region"}), words.of({"Ref": "AWS::AccountId"})
    where = [
        *([region] if region not in ("", own_region) else []),
        *([f"account {account}"] if account not in ("", own_account) else []),
    ]
    if service == "iam" and resource == "root":
        return f"account {account}"
    return f"{service}:{resource}" + (f" ({', '.join(where)})" if where else "")


def sentence(statement: dict[str, Any]) -> str:
    """What a statement says, as one sentence without its subject."""
    on = ", ".join(_every(each) for each in statement["resources"])
    text = "; ".join(_services(statement["actions"])) + (f" on {on}" if on else "")
    if statement["effect"] == "Deny":
        text = text.replace("every action", "any action").replace("every resource", "any resource")
    verb = "may" if statement["effect"] == "Allow" else "must not"
    conditions = f", if {' and '.join(statement['conditions'])}" if statement["conditions"] else ""
    return f"{verb} call {text}{conditions}"


def _every(resource: str) -> str:
    return f"every resource (*){resource[1:]}" if resource == "*" or resource.startswith(_BUT) else resource


def _services(actions: Iterable[str]) -> Iterator[str]:
    """Actions by service: `s3 GetObject and PutObject`."""
    by_service: dict[str, list[str]] = {}
    for action in actions:
        if action.startswith(_BUT):
            yield f"every action (*){action[1:]}"
            continue
        service, _, name = action.rpartition(":")
        by_service.setdefault(service, []).append(name)
    for service, names in by_service.items():
        if not service:
            yield from ("every action of every service (*)" if name == "*" else name for name in names)
        elif "*" in names:
            yield f"every action of {service} (*)"
        else:
            yield f"{service} {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}"
