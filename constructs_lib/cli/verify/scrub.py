"""Takes out of a text what says whose account it came from."""

import re
from collections.abc import Mapping
from typing import Final

_LONGEST: Final = 400

# The first that matches takes all of it: an ARN is not searched for an account again.
_PATTERNS: Final = (
    (re.compile(r"https?://[^\s\"'<>]+"), "<url>"),
    (re.compile(r"s3://[^\s\"'<>,]+"), "<s3 uri>"),
    (re.compile(r"arn:aws[\w-]*:(sagemaker|iam|sts|kms|ec2):[\w-]*:\w*:([a-z-]+)/[^\s\"'<>,;)]*"), r"<arn of \1 \2>"),
    (re.compile(r"arn:aws[\w-]*:([\w-]+):[^\s\"'<>,;)]*"), r"<arn of \1>"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<address>"),
    (re.compile(r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA|ANPA|AGPA|AIPA|ANVA|ASCA)[A-Z0-9]{8,}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?:vpc|vpce|subnet|sg|eni|rtb)-[0-9a-f]{8,}\b"), "<id>"),
    (re.compile(r"\bautoml-verify-[\w-]+"), "<ours>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "<account>"),
)


class Scrub:
    """Leaves the words of the service and what kind of thing they speak of."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """Know these texts too.

        Args:
            known: What is private although no pattern tells it, with what is written in its place.
        """
        self._known = sorted(((text, put) for text, put in known.items() if text), key=lambda pair: -len(pair[0]))

    def __call__(self, text: str) -> str:
        """The text without accounts, names of buckets, ARNs, ids and addresses; cut where it is long."""
        for pattern, put in _PATTERNS:
            text = pattern.sub(put, text)
        for private, put in self._known:
            text = re.sub(rf"(?<!\w){re.escape(private)}(?!\w)", put, text)
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
