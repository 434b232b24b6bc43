"""Who calls an operation of the API, and what calls are held against before anything is done."""

from collections.abc import Callable
from dataclasses import dataclass

from constructs_lib.rehearsal.cloud import as_role, condition_keys
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.store import Json, Place


@dataclass(frozen=True)
class Call:
    """Who calls what, and where."""

    caller: ministack.Caller
    place: Place
    operation: str
    context: condition_keys.Context
    """What policies can test of the request."""

    def require(self, action: str, arn: str) -> None:
        """The action on one more resource that the request names."""
        self.caller.require(action, arn, self.context)

    def require_tagging(self, arn: str, request: Json) -> None:
        """A create call with tags needs `sagemaker:AddTags` as well."""
        if request.get("Tags"):
            context = {**condition_keys.of_tags(request), "sagemaker:TaggingAction": self.operation}
            self.caller.require("sagemaker:AddTags", arn, context)

    def require_passing(self, role_arn: str) -> None:
        """Handing a role to SageMaker needs `iam:PassRole`."""
        self.caller.require("iam:PassRole", role_arn, {"iam:PassedToService": ministack.PRINCIPAL})

    def require_assumable(self, role_arn: str, *sources: str) -> None:
        """The role must exist and trust SageMaker, whatever of these it works for."""
        if not all(ministack.role_trusts(ministack.PRINCIPAL, role_arn, source) for source in sources):
            raise ValidationError(as_role.not_assumable(role_arn))

    def may_grant(self, key: str | None) -> bool:
        """Whether the caller may let the service use a key on a volume."""
        if not key:
            return False
        place = self.place
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{place.region}:{place.account}:key/{key}"
        return self.caller.may("kms:CreateGrant", arn, as_role.GRANT_CONTEXT)


Operation = Callable[[Call, Json], Json]
"""What does one operation of the API: from a request to the answer."""
