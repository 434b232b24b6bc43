"""boto3 as users install it, not the one that the embedded AWS itself runs on."""

import pytest

from .conftest import Clients

pytestmark = pytest.mark.clients


def test_paginators_and_exceptions(clients: Clients) -> None:
    told = clients.script("with_boto3.py")
    assert told["job"]["AutoMLJobStatus"] == "Completed"
    assert told["job"]["ResolvedAttributes"]["ProblemType"] == "BinaryClassification"
    assert told["refused"] == ["ResourceInUse", "ResourceNotFound"]
    assert told["jobs"] == [["boto3-0", "boto3-1"], ["boto3-2"]]
    assert told["candidates"] == [["Completed"], ["Completed"]]
