"""Who has the address of the answer can answer for us, so nothing of it gets out."""

import logging
import traceback

import pytest

from constructs_lib.runtime import answer
from constructs_lib.runtime.answer import NotDeliveredError
from constructs_lib.runtime.event import parse
from constructs_lib.runtime.log import mask
from constructs_lib.runtime.spec import read

from .fake_sagemaker import service_model
from .world import SIGNATURE, World, properties

URL = f"https://bucket/path?X-Amz-Expires=7200&X-Amz-Signature={SIGNATURE}"


def everything(world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> str:
    captured = capfd.readouterr()
    return captured.out + captured.err + caplog.text + str(world.sink.answers())


@pytest.fixture(autouse=True)
def log_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_whole_life_tells_nothing_of_the_address(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.create(properties(tags={"a": "1"}))
    world.update(properties(tags={"a": "2"}))
    world.update(properties(ProblemType="Regression"), another_resource_fails=True)
    world.delete()

    told = everything(world, capfd, caplog)
    assert world.physical_id in told
    assert SIGNATURE not in told
    assert "X-Amz" not in told


def test_errors_that_quote_the_address_are_masked(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.sagemaker.fail("DescribeAutoMLJobV2", RuntimeError(f"cannot reach {world.sink.url}?X={SIGNATURE}"))
    world.sagemaker.fail("CreateAutoMLJob", ("ValidationException", f"signature {SIGNATURE}"))

    assert "cannot reach" in world.create(properties())["Reason"]
    assert "signature ***" in world.create(properties())["Reason"]

    told = everything(world, capfd, caplog)
    assert "RuntimeError" in told  # the traceback is there
    assert SIGNATURE not in told


@pytest.mark.parametrize("port_suffix", ["", "/\n", "/ with space"])
def test_answer_that_cannot_be_delivered_tells_nothing(
    world: World,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    port_suffix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer, "_TIMEOUT", 0.5)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    event = world.event("Create", ResourceProperties=properties())
    event["ResponseURL"] = f"http://127.0.0.1:9{port_suffix}?X-Amz-Signature={SIGNATURE}"

    with pytest.raises(NotDeliveredError) as caught:
        world.send(event)

    chain = "".join(traceback.format_exception(caught.value))
    assert "CloudFormation did not take the answer" in chain
    assert SIGNATURE not in chain
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert SIGNATURE not in everything(world, capfd, caplog)


def test_refused_answer_tells_nothing(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.sink.statuses = [403] * 6
    event = world.event("Create", ResourceProperties=properties())

    with pytest.raises(NotDeliveredError) as caught:
        world.send(event)

    assert SIGNATURE not in "".join(traceback.format_exception(caught.value))
    assert SIGNATURE not in everything(world, capfd, caplog)


def test_undelivered_answer_is_delivered_by_lambdas_next_try_for_the_same_job(world: World) -> None:
    world.sink.statuses = [500] * 6
    event = world.event("Create", ResourceProperties=properties())
    with pytest.raises(NotDeliveredError):
        world.send(event)

    assert world.send(event)["Status"] == "SUCCESS"
    assert world.creates() == 1


def test_event_shows_neither_its_address_nor_its_properties(world: World) -> None:
    shown = repr(parse(world.event("Create", ResourceProperties=properties())))

    assert SIGNATURE not in shown
    assert "s3://" not in shown


def test_nothing_of_the_address_is_kept_with_the_job(world: World) -> None:
    world.create(properties())

    assert SIGNATURE not in str(world.job())
    assert SIGNATURE not in str(read(properties(), service_model("sagemaker")))


@pytest.mark.parametrize("secret", [URL, URL.partition("?")[2], SIGNATURE])
def test_mask_takes_out_the_address_and_every_part_of_it(secret: str) -> None:
    masked = mask(f"error at {secret} (7200)", URL)

    assert SIGNATURE not in masked
    assert masked.startswith("error at ")
    assert masked.endswith(" (7200)")
