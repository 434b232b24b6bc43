"""Who calls an operation of the API, and what calls are held against before anything is done."""

from collections.abc import Callable
from dataclasses import dataclass

from constructs_lib.rehearsal.cloud import condition_keys
from constructs_lib.rehearsal.cloud.as_role import GRANT_CONTEXT
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

    def require_assumable(self, role_arn: str, for_arn: str) -> None:
        """The role must exist and trust SageMaker."""
        if not ministack.role_trusts(ministack.PRINCIPAL, role_arn, for_arn):
            raise ValidationError(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                f"'{ministack.PRINCIPAL}' to assume the role."
            )

    def may_grant(self, key: str | None) -> bool:
        """Whether the caller may let the service use a key on a volume."""
        if not key:
            return False
        place = self.place
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{place.region}:{place.account}:key/{key}"
        return self.caller.may("kms:CreateGrant", arn, GRANT_CONTEXT)


Operation = Callable[[Call, Json], Json]
"""What does one operation of the API: from a request to the answer."""
