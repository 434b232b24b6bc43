"""The one guard against judging a value that is only known at deploy time."""

import re

import aws_cdk as cdk

_TEXT_MARK = "${Token["
_LIST_MARK = "#{Token["
_NUMBER_MARK = -1e280
"""CDK encodes number tokens as doubles around -1.9e289; no real limit of any API comes near."""


def is_token(value: object) -> bool:
    """Whether a value is a token, or text with a token in it.

    Text, numbers and lists are looked at here first: asking jsii costs 0.4 ms, and nearly no value is a token.
    """
    if isinstance(value, str):
        return _TEXT_MARK in value and bool(cdk.Token.is_unresolved(value))
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return value < _NUMBER_MARK and bool(cdk.Token.is_unresolved(value))
    if isinstance(value, (list, tuple)):
        marked = any(isinstance(item, str) and _LIST_MARK in item for item in value)
        return marked and bool(cdk.Token.is_unresolved(list(value)))
    return callable(getattr(value, "resolve", None))


def slug(text: str, length: int, fallback: str) -> str:
    """Lower-case letters, digits and hyphens of a text, for a name that people can recognize."""
    if is_token(text):
        return fallback[:length]
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return cleaned[:length].rstrip("-") or fallback[:length]
