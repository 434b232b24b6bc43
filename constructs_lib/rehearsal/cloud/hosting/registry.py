"""The Model Registry: groups of model packages, and their versions.

Sources: botocore's documentation of the operations. Nothing is validated by running it, as if `SkipModelValidation`
were set; a package is there at once.
"""

import copy
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ConflictError, ValidationError
from constructs_lib.rehearsal.cloud.ministack import bus
from constructs_lib.rehearsal.cloud.store import Inventory, Json, Place, Resource, Store, now, select, tags_of

GROUP, PACKAGE = "model-package-group", "model-package"
_CHANGED = "SageMaker Model Package State Change"
_PER_PAGE = 10
_UPDATED = (
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SourceUri",
)
"""The members that an update replaces as they come."""

_TOLD = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
    "ModelLifeCycle": "ModelLifeCycle",
    "SourceUri": "sourceUri",
}
"""What the event of an update says was changed, by what asked for it. The Developer Guide lists these, spelled so. That
they are those of the request, changed or not, is unverified."""


@dataclass(kw_only=True)
class PackageGroup(Resource):
    """A model package group. Versions are numbered from one and a number is never given twice."""

    versions: int = 0
    policy: str | None = None


@dataclass(kw_only=True)
class Package(Resource):
    """A model package: a version in a group, or one with a name of its own."""

    group: str | None = None
    version: int | None = None
    approval: str | None = None
    """The status of a version. What an unversioned package is given is taken, and means nothing."""

    asked: Json = field(default_factory=dict)
    """The create request as it came."""

    modified_by: Json | None = None
    """The `UserContext` of who updated it last."""

    def tell(self, **more: list[str]) -> None:
        """Tell the bus what it is now."""
        told = {
            **_some(_identity(self), "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn"),
            **_some(self.request, "InferenceSpecification", "ModelMetrics"),
            **_some(_identity(self), "ModelApprovalStatus"),
            "ModelPackageStatus": "Completed",
            "LastModifiedTime": f"{dt.datetime.fromtimestamp(self.modified, dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
            **more,
        }
        bus.put("aws.sagemaker", _CHANGED, told, self.arn)


class Registry:
    """Creates, describes, changes, lists and deletes model packages and their groups."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateModelPackageGroup": self._create_group,
            "DescribeModelPackageGroup": self._describe_group,
            "DeleteModelPackageGroup": self._delete_group,
            "ListModelPackageGroups": self._list_groups,
            "PutModelPackageGroupPolicy": self._put_policy,
            "GetModelPackageGroupPolicy": self._get_policy,
            "DeleteModelPackageGroupPolicy": self._delete_policy,
            "CreateModelPackage": self._create,
            "DescribeModelPackage": self._describe,
            "UpdateModelPackage": self._update,
            "DeleteModelPackage": self._delete,
            "ListModelPackages": self._list,
        }

    def find(self, place: Place, name: str) -> Package:
        """The package of that ARN or, if it is no version, that name.

        Raises:
            ValidationError: There is none.
        """
        arn = name if name.startswith("arn:") else place.exact_arn(PACKAGE, name)
        with self._store.lock:
            package = self._store.at(place).of(Package).get(_key(arn))
        if package is None:
            raise ValidationError(f"ModelPackage {arn} does not exist.")
        return package

    # Groups

    def _create_group(self, call: Call, request: Json) -> Json:
        """Keep a group of versions."""
        name = request["ModelPackageGroupName"]
        arn = call.place.exact_arn(GROUP, name)
        call.require_tagging(arn, request)
        group = PackageGroup(name=name, arn=arn, tags=tags_of(request), request=request)
        with self._store.lock:
            if name.lower() in self._at(call).of(PackageGroup):
                raise ValidationError(f"Model Package Group already exists: {arn}")
            self._at(call).of(PackageGroup)[name.lower()] = group
        return {"ModelPackageGroupArn": arn}

    def _describe_group(self, call: Call, request: Json) -> Json:
        """What was asked for, with status and time."""
        with self._store.lock:
            group = self._group(call.place, request)
            kept = ("ModelPackageGroupDescription", "ManagedConfiguration")
            return {
                **{member: group.request[member] for member in kept if member in group.request},
                "ModelPackageGroupName": group.name,
                "ModelPackageGroupArn": group.arn,
                "CreationTime": group.created,
                "CreatedBy": {},
                "ModelPackageGroupStatus": "Completed",
            }

    def _delete_group(self, call: Call, request: Json) -> Json:
        """Forget a group without versions."""
        with self._store.lock:
            group = self._group(call.place, request)
            if any(package.group == group.name for package in self._at(call).of(Package).values()):
                raise ConflictError(
                    f"Model Package Group {group.name} cannot be deleted as it still contains Model Packages"
                )
            del self._at(call).of(PackageGroup)[group.name.lower()]
        return {}

    def _list_groups(self, call: Call, request: Json) -> Json:
        """Groups, filtered, sorted and paged."""
        with self._store.lock:
            found = self._at(call).of(PackageGroup).values()
            shown, more = select(found, request, default_size=_PER_PAGE, order="Ascending")
            summaries = [
                {
                    "ModelPackageGroupName": group.name,
                    "ModelPackageGroupArn": group.arn,
                    "CreationTime": group.created,
                    "ModelPackageGroupStatus": "Completed",
                    **_some(group.request, "ModelPackageGroupDescription"),
                }
                for group in shown
            ]
        return {"ModelPackageGroupSummaryList": summaries, **more}

    def _put_policy(self, call: Call, request: Json) -> Json:
        """Keep a resource policy. Left out: it allows nobody anything."""
        with self._store.lock:
            group = self._guarded_group(call.place, request)
            group.policy = request["ResourcePolicy"]
            return {"ModelPackageGroupArn": group.arn}

    def _get_policy(self, call: Call, request: Json) -> Json:
        """The resource policy that was kept."""
        with self._store.lock:
            group = self._guarded_group(call.place, request)
            if group.policy is None:
                raise ValidationError(f"Cannot find resource policy for: {group.arn}")
            return {"ResourcePolicy": group.policy}

    def _delete_policy(self, call: Call, request: Json) -> Json:
        """Forget the resource policy."""
        with self._store.lock:
            self._guarded_group(call.place, request).policy = None
        return {}

    def _guarded_group(self, place: Place, request: Json) -> PackageGroup:
        """The group that a call about its policy names, which is missed in other words."""
        return self._group(place, request, missing="Cannot find Model Package Group: {arn}")

    def _group(
        self, place: Place, request: Json, *, missing: str = "ModelPackageGroup {arn} does not exist."
    ) -> PackageGroup:
        name = _name(request["ModelPackageGroupName"])
        group = self._store.at(place).of(PackageGroup).get(name.lower())
        if group is None:
            raise ValidationError(missing.format(arn=place.exact_arn(GROUP, name)))
        return group

    # Packages

    def _create(self, call: Call, request: Json) -> Json:
        """Keep a version, or a package with a name, as Completed at once. Left out: validation by running it."""
        grouped, named = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        if bool(grouped) == bool(named):
            raise ValidationError(
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which "
                "one to use."
                if grouped
                else "Missing ARN."
            )
        if role := request.get("ValidationSpecification", {}).get("ValidationRole"):
            call.require_passing(role)
        asked = copy.deepcopy(request)
        with self._store.lock:
            if known := self._made_before(call, asked):
                return {"ModelPackageArn": known.arn}
            package = self._versioned(call, request) if grouped else self._unversioned(call, request)
            package.asked = asked
            self._at(call).of(Package)[_key(package.arn)] = package
            package.tell()
        return {"ModelPackageArn": package.arn}

    def _made_before(self, call: Call, asked: Json) -> Package | None:
        """The package that an earlier call with the same `ClientToken` made."""
        token = asked.get("ClientToken")
        for package in self._at(call).of(Package).values() if token else ():
            if package.asked.get("ClientToken") == token:
                if package.asked != asked:  # how AWS says so is unverified
                    raise ConflictError(f"ClientToken {token} was used with other parameters, for {package.arn}")
                return package
        return None

    def _versioned(self, call: Call, request: Json) -> Package:
        if request.get("Tags"):
            raise ValidationError("A version of a model package can not have tags: they are put on its group")
        group = self._group(call.place, request)
        call.require("sagemaker:CreateModelPackage", group.arn)
        group.versions += 1
        return Package(
            name=group.name,
            arn=call.place.exact_arn(PACKAGE, f"{group.name}/{group.versions}"),
            request=request,
            group=group.name,
            version=group.versions,
            approval=request.get("ModelApprovalStatus", "PendingManualApproval"),
        )

    def _unversioned(self, call: Call, request: Json) -> Package:
        name = request["ModelPackageName"]
        arn = call.place.exact_arn(PACKAGE, name)
        call.require_tagging(arn, request)
        if _key(arn) in self._at(call).of(Package):
            raise ValidationError(f'Cannot create already existing model package "{arn}".')
        return Package(name=name, arn=arn, tags=tags_of(request), request=request)

    def _describe(self, call: Call, request: Json) -> Json:
        """What was asked for, with approval, status and times."""
        with self._store.lock:
            package = self.find(call.place, request["ModelPackageName"])
            hidden = ("ModelPackageName", "ModelPackageGroupName", "ModelApprovalStatus", "ClientToken")
            return {
                **{member: value for member, value in package.request.items() if member not in hidden},
                **_identity(package),
                "CreationTime": package.created,
                "LastModifiedTime": package.modified,
                **({"LastModifiedBy": package.modified_by} if package.modified_by else {}),
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
            }

    def _update(self, call: Call, request: Json) -> Json:
        """Change approval, metadata and specifications; note who did, and tell the bus."""
        with self._store.lock:
            package = self.find(call.place, request["ModelPackageArn"])
            if status := request.get("ModelApprovalStatus"):
                if package.version is None:
                    raise ValidationError("ModelApprovalStatus does not apply to unversioned model packages")
                package.approval = status
            changed = {**package.request, **_some(request, *_UPDATED)}
            metadata = {
                **changed.get("CustomerMetadataProperties", {}),
                **request.get("CustomerMetadataProperties", {}),
            }
            for key in request.get("CustomerMetadataPropertiesToRemove", ()):
                metadata.pop(key, None)
            changed.pop("CustomerMetadataProperties", None)
            if metadata:
                changed["CustomerMetadataProperties"] = metadata
            if more := request.get("AdditionalInferenceSpecificationsToAdd"):
                changed["AdditionalInferenceSpecifications"] = [
                    *changed.get("AdditionalInferenceSpecifications", ()),
                    *more,
                ]
            package.request, package.modified = changed, now()
            package.modified_by = _user_context(call)
            package.tell(
                UpdatedModelPackageFields=list(dict.fromkeys(_TOLD[name] for name in request if name in _TOLD))
            )
            return {"ModelPackageArn": package.arn}

    def _delete(self, call: Call, request: Json) -> Json:
        """Forget a version; its number is not given again."""
        with self._store.lock:
            package = self.find(call.place, request["ModelPackageName"])
            del self._at(call).of(Package)[_key(package.arn)]
        return {}

    def _list(self, call: Call, request: Json) -> Json:
        """Versions and packages, filtered, sorted and paged."""
        kind = request.get("ModelPackageType")
        with self._store.lock:
            group = _name(request["ModelPackageGroupName"]).lower() if "ModelPackageGroupName" in request else None
            if kind is None:
                kind = "Versioned" if group else "Unversioned"
            found = [
                package
                for package in self._at(call).of(Package).values()
                if (group is None or (package.group or "").lower() == group)
                and kind in ("Both", "Unversioned" if package.version is None else "Versioned")
                and request.get("ModelApprovalStatus", package.approval) == package.approval
            ]
            shown, more = select(found, request, default_size=_PER_PAGE, order="Ascending")
            summaries = [
                {
                    **_identity(package),
                    "CreationTime": package.created,
                    "ModelPackageStatus": "Completed",
                    **_some(package.request, "ModelPackageDescription"),
                }
                for package in shown
            ]
        return {"ModelPackageSummaryList": summaries, **more}

    def _at(self, call: Call) -> Inventory:
        return self._store.at(call.place)


def _identity(package: Package) -> Json:
    """Who it is. That a version is called like its group is unverified: the model requires a name."""
    versioned: dict[str, Any] = {
        "ModelPackageGroupName": package.group,
        "ModelPackageVersion": package.version,
        "ModelApprovalStatus": package.approval,
    }
    return {
        "ModelPackageName": package.name,
        "ModelPackageArn": package.arn,
        **{member: value for member, value in versioned.items() if value is not None},
    }


def _user_context(call: Call) -> Json:
    """Who calls. That AWS fills it for callers outside of Studio is unverified."""
    identity = call.caller.identity
    return {"IamIdentity": {"Arn": identity.arn, "PrincipalId": identity.principal_id}}


def _key(arn: str) -> str:
    """What the store calls a package: what stands behind its kind."""
    return arn.partition(f":{PACKAGE}/")[2].lower()


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _some(members: Json, *names: str) -> Json:
    return {name: members[name] for name in names if name in members}
