"""Which columns a job learns from, and how each is to be read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..api.enums import FeatureType
from ..api.fields import PendingUri, described, hint, listed, shorten, unfit
from ..tokens import is_token
from .buckets import Bucket, allow_reading_one, check_bucket, check_object_key, facts, split_uri
from .uploads import allow_reading_asset, file_asset

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from ..access.grants import Grants


class FeatureSpecification(PendingUri):
    """Which columns a job learns from, and how each is to be read.

    Use `of`, or `from_bucket` for a specification that exists.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLCandidateGenerationConfig.html
    """

    def __init__(self, types: Mapping[str, str] | None, names: Sequence[str], source: Bucket | None, key: str) -> None:
        self._types = types
        self._names = names
        self._source = source
        """The bucket that it lies in; None where it is written here."""
        self._key = key

    @classmethod
    def of(cls, features: Mapping[str, FeatureType | str] | Sequence[str]) -> FeatureSpecification:
        """A specification that is written and uploaded for you.

        Args:
            features: The columns to learn from, with the type of each: `numeric`, `categorical`, `text`, `datetime`, or
                (in HYPERPARAMETER_TUNING mode) `sequence`. A list of names leaves the types to the service. The
                target is no feature.

        Raises:
            ValueError: there is no feature, a type is not one of these, a name is empty, given twice, or a token.
        """
        types = dict(features) if isinstance(features, Mapping) else None
        # A set has another order in every process: another asset, and so another training.
        is_some = isinstance(features, (Mapping, list, tuple))
        names: list[Any] = list(features) if is_some else []
        if not is_some:
            raise ValueError(
                f"FeatureSpecification.of: 'features' must be a map or a list of columns, got {described(features)}"
            )
        found = []
        if not names:
            found.append("'features' must name at least one column")
        for name in names:
            if not isinstance(name, str) or not name.strip() or unfit(name):
                found.append(f"'features' must name columns, got {described(name)}")
            elif is_token(name) or is_token((types or {}).get(name)):
                found.append(
                    f"'features' are uploaded when the app is synthesized, so they cannot hold a token: {name!r}"
                )
            elif types is not None and types[name] not in list(FeatureType):
                kind = shorten(types[name])
                guess = hint(str(kind).strip("'"), FeatureType)
                found.append(f"'features' must give '{name}' one of {listed(FeatureType)}, got {kind}{guess}")
        if twice := sorted({name for name in names if isinstance(name, str) and names.count(name) > 1}):
            found.append(f"'features' must be distinct, got {listed(twice)} more than once")
        if found:
            raise ValueError(f"FeatureSpecification.of: {'; '.join(found)}")
        return cls({name: str(kind) for name, kind in types.items()} if types is not None else None, names, None, "")

    @classmethod
    def from_bucket(cls, bucket: s3.IBucket, key: str) -> FeatureSpecification:
        """A specification that lies in a bucket. Its columns are not known here, so they are not checked.

        Args:
            bucket: The bucket, in the job's region; the job's role may read the object.
            key: The JSON object with `FeatureAttributeNames` and/or `FeatureDataTypes`.

        Raises:
            ValueError: `bucket` is no bucket, or `key` not a key.
        """
        check_bucket("FeatureSpecification.from_bucket", bucket)
        check_object_key("key", key)
        if not key:
            raise ValueError("FeatureSpecification.from_bucket: 'key' must not be empty")
        return cls(None, (), bucket, key)

    @classmethod
    def _from_uri(cls, s3_uri: str) -> FeatureSpecification:
        """The specification of a request in the API's own names."""
        return cls(None, (), *split_uri(s3_uri))

    @property
    def _columns(self) -> Mapping[str, str] | None:
        """The columns with their types (empty where the service decides); None when they are not known here."""
        if self._source is not None:
            return None
        return self._types if self._types is not None else dict.fromkeys(self._names, "")

    def _bind(self, scope: Construct, grants: Grants) -> str:
        """Upload the specification if need be, and ask for the permission to read it; returns its URI."""
        if self._source is not None:
            allow_reading_one(grants, self._source, self._key)
            return f"s3://{facts(self._source).name}/{self._key}"
        document: dict[str, object] = {"FeatureAttributeNames": list(self._names)}
        if self._types is not None:
            document["FeatureDataTypes"] = dict(self._types)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "features.json")
            path.write_text(json.dumps(document, ensure_ascii=False, sort_keys=True), encoding="utf-8")
            asset = file_asset(scope, "Features", path)
        allow_reading_asset(grants, scope, asset)
        return asset.s3_object_url
