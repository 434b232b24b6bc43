"""Makes models, endpoint configurations and endpoints, and waits for them."""

import io
import tarfile
import time
from collections.abc import Callable
from typing import Any

from ..account import BUCKET, Account

CAPACITY: dict[str, Any] = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
ALL_AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 600}


def model_data(account: Account, text: str) -> str:
    """An archive that the tiny trainer's server answers `text` with."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("model.txt")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    key = f"models/{account.fresh(text)}/model.tar.gz"
    account.s3.put_object(Bucket=BUCKET, Key=key, Body=packed.getvalue())
    return f"s3://{BUCKET}/{key}"


def lost_data(account: Account) -> str:
    """A model whose data has gone since it was made."""
    name = model(account, data := model_data(account, "lost"))
    account.s3.delete_object(Bucket=BUCKET, Key=data.removeprefix(f"s3://{BUCKET}/"))
    return name


def model(account: Account, data: str, *, role: str | None = None, environment: dict[str, str] | None = None) -> str:
    name = account.fresh("model")
    container = {"Image": account.image, "ModelDataUrl": data, "Environment": environment or {}}
    account.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=role or account.job_role, PrimaryContainer=container
    )
    return name


def config(
    account: Account, model_name: str, *, variant: str = "one", capacity: dict[str, Any] = CAPACITY, **members: Any
) -> str:
    name = account.fresh("config")
    variants = [{"VariantName": variant, "ModelName": model_name, **capacity}]
    account.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **members)
    return name


def settled(account: Account, name: str) -> dict[str, Any]:
    """The endpoint when nothing is under way any more."""
    endpoint: dict[str, Any] = until(
        lambda: account.sagemaker.describe_endpoint(EndpointName=name),
        lambda endpoint: endpoint["EndpointStatus"] not in ("Creating", "Updating", "RollingBack"),
    )
    return endpoint


def deleted(account: Account, name: str) -> None:
    """Delete an endpoint and wait until it is gone."""
    account.sagemaker.delete_endpoint(EndpointName=name)
    until(lambda: account.sagemaker.list_endpoints(NameContains=name)["Endpoints"], lambda found: not found)


def created(account: Account, config_name: str) -> str:
    """An endpoint in service."""
    name = account.fresh("endpoint")
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config_name)
    endpoint = settled(account, name)
    assert endpoint["EndpointStatus"] == "InService", endpoint
    return name


def updated(account: Account, name: str, config_name: str, **members: Any) -> dict[str, Any]:
    account.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config_name, **members)
    return settled(account, name)


def answer(account: Account, name: str, body: bytes = b"1") -> str:
    runtime = account.cloud.client("sagemaker-runtime")
    found = runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv", Accept="text/csv")
    return str(found["Body"].read().decode())


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Look again and again until it is good."""
    deadline = time.monotonic() + 90
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < deadline, f"waited in vain: {seen}"
        time.sleep(0.05)
