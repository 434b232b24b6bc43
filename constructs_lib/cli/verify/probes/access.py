"""What conditions of IAM policies hold, and what KMS is asked for."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from ..aws import PROPAGATION, is_denied, refusal, told
from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, refused, unchecked
from ..stack import Resources, Stack, allow, bucket, key, role, sub

Call = Callable[[], Any]

ALIAS_SECONDS: Final = 360.0
"""A new alias may take five minutes until authorization knows it.

https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
"""

_ALIASED: Final = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant")


class Events(Probe):
    """A role that may tell the bus of one source."""

    ids = ("event-source",)
    makes = "a role, and an event on the default bus whose source is automl-verify"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        bus = sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default")
        return {"Role": role(run.aws, allow("events:PutEvents", bus, StringEquals={"events:source": "automl-verify"}))}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        events = stack.clients_of("Role")("events")

        def put(source: str) -> Call:
            return lambda: _put_event(events, source)

        other = refusal(put("automl-verify.other"))
        error = refusal(lambda: run.aws.patiently(put("automl-verify")))
        if error:
            text = "An event of the source that the policy names is refused"
            yield "event-source", refused(text, told(error), is_an_answer=is_denied(error))
        elif other is None:
            yield "event-source", differs("The condition holds nobody: an event of another source was accepted")
        else:
            evidence = ("the source of the policy: accepted", f"another source: {told(other)}")
            yield "event-source", agrees("The condition lets the named source pass, and no other", *evidence)


def _put_event(events: Any, source: str) -> None:
    import botocore.exceptions

    told_of = {"Source": source, "DetailType": "automl verify", "Detail": "{}", "EventBusName": "default"}
    reply = events.put_events(Entries=[told_of])
    for entry in reply["Entries"]:
        if "ErrorCode" in entry:
            error = {"Code": entry["ErrorCode"], "Message": entry.get("ErrorMessage", "")}
            raise botocore.exceptions.ClientError({"Error": error}, "PutEvents")


class Encryption(Probe):
    """A key, roles that may use it in different ways, and a bucket that is encrypted with it."""

    ids = ("key-aliases", "result-key", "multipart-keys")
    makes = "a KMS key (deleted after seven days, in which it costs nothing), a bucket, and seven roles"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        the_key = {"Fn::GetAtt": ["Key", "Arn"]}
        any_key = sub("arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*")
        objects = {"Fn::Sub": "${Bucket.Arn}/*"}
        encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": the_key}
        rules = [{"ServerSideEncryptionByDefault": encrypted}]

        def named(alias: str) -> dict[str, Any]:
            condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{run.aws.name(alias)}"}}
            return role(run.aws, allow(list(_ALIASED), any_key, **condition))

        def writer(*actions: str) -> dict[str, Any]:
            uses = [allow([f"kms:{action}" for action in actions], the_key)] if actions else []
            return role(run.aws, allow(["s3:PutObject", "s3:AbortMultipartUpload"], objects), *uses)

        return {
            "Key": key(),
            "Alias": {
                "Type": "AWS::KMS::Alias",
                "Properties": {"AliasName": f"alias/{run.aws.name('key')}", "TargetKeyId": {"Ref": "Key"}},
            },
            "Bucket": bucket(BucketEncryption={"ServerSideEncryptionConfiguration": rules}),
            "Named": named("key"),
            "NamedOtherwise": named("another"),
            "Nothing": writer(),
            "DataKey": writer("GenerateDataKey"),
            "NoDecrypt": writer("Encrypt", "GenerateDataKey"),
            "NoDataKey": writer("Encrypt", "Decrypt"),
            "All": writer("Encrypt", "Decrypt", "GenerateDataKey"),
        }

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        if "key-aliases" in run.wanted:
            yield "key-aliases", _aliases(run, stack)
        if "result-key" in run.wanted:
            yield "result-key", _result(run, stack)
        if "multipart-keys" in run.wanted:
            yield "multipart-keys", _multipart(run, stack)


def _aliases(run: Run, stack: Stack) -> Seen:
    named = stack.clients_of("Named")("kms")
    other = stack.clients_of("NamedOtherwise")("kms")
    the_key = stack["KeyArn"]
    sealed = run.aws.client("kms").encrypt(KeyId=the_key, Plaintext=b"probe")["CiphertextBlob"]

    def calls(kms: Any) -> dict[str, Call]:
        return {
            "Encrypt": lambda: kms.encrypt(KeyId=the_key, Plaintext=b"probe"),
            "Decrypt": lambda: kms.decrypt(KeyId=the_key, CiphertextBlob=sealed),
            "GenerateDataKey": lambda: kms.generate_data_key(KeyId=the_key, KeySpec="AES_256"),
            "CreateGrant": lambda: kms.create_grant(
                KeyId=the_key, GranteePrincipal=stack["NamedArn"], Operations=["Decrypt"]
            ),
        }

    return allowed_and_denied(run, calls(named), calls(other), "the alias", "another alias", seconds=ALIAS_SECONDS)


def _result(run: Run, stack: Stack) -> Seen:
    def put(role_name: str) -> Call:
        s3 = stack.clients_of(role_name)("s3")
        return lambda: s3.put_object(Bucket=stack["Bucket"], Key=f"{role_name}.json", Body=b"{}")

    without, with_it = put("Nothing"), put("DataKey")
    error = refusal(lambda: run.aws.patiently(with_it))
    control = refusal(without)
    if error:
        text = "With kms:GenerateDataKey alone a small object is refused"
        return refused(text, told(error), is_an_answer=is_denied(error))
    if control is None:
        return unchecked("A small object was accepted without any permission on the key too")
    return agrees("A small object wants kms:GenerateDataKey alone", f"without it: {told(control)}")


def _multipart(run: Run, stack: Stack) -> Seen:
    def upload(role_name: str) -> Call:
        s3 = stack.clients_of(role_name)("s3")
        return lambda: _upload_in_parts(s3, stack["Bucket"], role_name)

    error = refusal(lambda: run.aws.patiently(upload("All")))
    if error:
        text = "With Encrypt, Decrypt and GenerateDataKey an upload in parts is refused"
        return refused(text, told(error), is_an_answer=is_denied(error))
    if refusal(upload("Nothing")) is None:
        return unchecked("An upload in parts was accepted without any permission on the key too")
    lacking = {
        "kms:Decrypt": refusal(upload("NoDecrypt")),
        "kms:GenerateDataKey": refusal(upload("NoDataKey")),
    }
    evidence = [f"without {action}: {told(each) if each else 'accepted'}" for action, each in lacking.items()]
    if all(each and is_denied(each) for each in lacking.values()):
        return agrees("An upload in parts wants kms:Decrypt and kms:GenerateDataKey", *evidence)
    if any(each is None for each in lacking.values()):
        return differs("An upload in parts does not want both of them", *evidence)
    return unchecked("An upload in parts was refused for another reason", *evidence)


def _upload_in_parts(s3: Any, bucket_name: str, object_key: str) -> None:
    upload = {"Bucket": bucket_name, "Key": f"{object_key}.parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    tag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})


def allowed_and_denied(
    run: Run,
    allowed: dict[str, Call],
    denied: dict[str, Call],
    what: str,
    other: str,
    *,
    seconds: float = PROPAGATION,
) -> Seen:
    """Whether a condition lets one role pass with every call and the other with none.

    Args:
        run: The run.
        allowed: Calls of the role whose policy names what is there, by their names.
        denied: The same of a role whose policy names something else.
        what: What the first names.
        other: What the second names.
        seconds: How long it may take until the policy is known everywhere.
    """
    denials: list[str] = []
    strange: list[str] = []
    for call in allowed.values():
        # Once one was refused for so long, the policy is known everywhere.
        if error := refusal(lambda call=call: run.aws.patiently(call, 0 if denials else seconds)):  # type: ignore[misc]
            (denials if is_denied(error) else strange).append(told(error))
    others = {name: refusal(call) for name, call in denied.items()}
    passed = [name for name, error in others.items() if error is None]
    strange += [told(error) for error in others.values() if error and not is_denied(error)]
    if denials:
        return differs(f"A policy that names {what} does not allow all of {', '.join(allowed)}", *denials)
    if passed:
        return differs(f"A policy that names {other} was no obstacle to {', '.join(passed)}")
    if strange:
        return unchecked("Some calls were refused for other reasons", *strange)
    return agrees(f"The condition lets {', '.join(allowed)} pass with {what}, and none with {other}")
