"""The embedded AWS: MiniStack with a SageMaker service, as a process of its own on the loopback interface."""

from constructs_lib.rehearsal.cloud.launcher import Cloud, CloudError, PortInUseError

__all__ = ["Cloud", "CloudError", "PortInUseError"]
