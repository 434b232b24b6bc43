"""The custom resources of the CDK that are answered for here."""

VPC_RESTRICT_DEFAULT_GROUP = "Custom::VpcRestrictDefaultSG"
S3_AUTO_DELETE_OBJECTS = "Custom::S3AutoDeleteObjects"
BUCKET_DEPLOYMENT = "Custom::CDKBucketDeployment"
ANSWERED_FOR = frozenset({VPC_RESTRICT_DEFAULT_GROUP, S3_AUTO_DELETE_OBJECTS, BUCKET_DEPLOYMENT})
"""Custom resources whose functions cannot run here: what they do is done in their place."""
