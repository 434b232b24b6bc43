"""What kind of machine an image is made for, as its registry tells."""

import json
import re
import urllib.request
from typing import Any, Final

from ..aws import Aws

_IMAGE: Final = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.[\w-]+\.amazonaws\.com[.\w]*/(?P<name>[^:@]+)[:@](?P<tag>.+)"
)
_SECONDS: Final = 30


def architecture(aws: Aws, image: str) -> set[str]:
    """The architectures of an image in ECR; nothing if the registry does not tell."""
    import botocore.exceptions

    parts = _IMAGE.fullmatch(image)
    if parts is None:
        return set()
    where = {"registryId": parts["registry"], "repositoryName": parts["name"]}
    which = {"imageDigest" if parts["tag"].startswith("sha256:") else "imageTag": parts["tag"]}
    ecr = aws.client("ecr")
    try:
        found = ecr.batch_get_image(**where, imageIds=[which])["images"]
        if not found:
            return set()
        manifest = json.loads(found[0]["imageManifest"])
        if "manifests" in manifest:
            return {one["platform"]["architecture"] for one in manifest["manifests"] if "platform" in one} - {"unknown"}
        url = ecr.get_download_url_for_layer(**where, layerDigest=manifest["config"]["digest"])["downloadUrl"]
        return {str(_read(url)["architecture"])}
    except (botocore.exceptions.ClientError, OSError, KeyError, ValueError):
        return set()


def _read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_SECONDS) as reply:  # noqa: S310 - the address comes from ECR
        return json.load(reply)
