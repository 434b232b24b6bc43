"""What EC2 says of the types of instances."""

import re
from collections.abc import Iterator
from typing import Final

from constructs_lib.api.hosting import LOCAL_STORAGE

from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, unchecked

_SHOWN: Final = 12


class LocalStorage(Probe):
    """The disks of EC2's types that SageMaker offers for endpoints, without making any instance."""

    ids = ("local-storage",)
    makes = "nothing: it reads EC2's list of instance types"

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        offered = run.aws.client("sagemaker").meta.service_model.shape_for("ProductionVariantInstanceType").enum
        pages = run.aws.client("ec2").get_paginator("describe_instance_types").paginate()
        has_disks = {
            f"ml.{one['InstanceType']}": bool(one["InstanceStorageSupported"])
            for page in pages
            for one in page["InstanceTypes"]
            if "InstanceStorageSupported" in one
        }
        yield "local-storage", _compare({name: has_disks[name] for name in offered if name in has_disks})


def _compare(has_disks: dict[str, bool]) -> Seen:
    if not has_disks:
        return unchecked("EC2 tells of no type that SageMaker offers whether it has disks of its own")
    wrong = [name for name, has in has_disks.items() if has != bool(LOCAL_STORAGE.match(name))]
    if not wrong:
        return agrees(f"EC2 says the same of all {len(has_disks)} types that it tells of")
    families = sorted({re.sub(r"\.[^.]+$", "", name) for name in wrong})
    shown = ", ".join(families[:_SHOWN]) + (", ..." if len(families) > _SHOWN else "")
    return differs("EC2 says otherwise of some families", f"{len(families)} families: {shown}")
