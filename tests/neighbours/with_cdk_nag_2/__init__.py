"""With cdk-nag 2 and what requires it, or an older CDK."""

from importlib import import_module
from typing import Any

cdk_nag: Any = import_module("cdk_nag")
"""Here it is version 2; the types that mypy knows are those of version 3."""
