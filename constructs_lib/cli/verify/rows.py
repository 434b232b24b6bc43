"""The probes, and why no call tells what none of them looks at."""

from collections.abc import Mapping
from typing import Final

from .probe import Probe
from .probes.access import Encryption, Events
from .probes.functions import FunctionNetwork, MetricLines
from .probes.hosting import AsyncCapture, Rollout, ServerlessLimits
from .probes.instances import LocalStorage
from .probes.jobs import Job, Stopped
from .probes.registry import Models, Registry
from .probes.requests import EmrServerless, NewRole, Rules
from .probes.stacks import Output, Rollback, Signal

PROBES: Final[tuple[Probe, ...]] = (
    Signal(),
    Rollback(),
    Output(),
    Events(),
    Encryption(),
    MetricLines(),
    NewRole(),
    LocalStorage(),
    FunctionNetwork(),
    Job(),
    Models(),
    Registry(),
    Rules(),
    EmrServerless(),
    Stopped(),
    ServerlessLimits(),
    AsyncCapture(),
    Rollout(),
)
"""In the order in which they look. The job comes before what needs or prefers its candidate."""

NO_CALL: Final[Mapping[str, str]] = {
    "twelve-hours": "It takes a deployment of more than 12 hours with the CDK's execution role.",
    "cpu-containers": (
        "It takes jobs for images and texts, and endpoints on GPU and Inferentia instances, of which a new account "
        "may have none: too dear for a check."
    ),
    "clean-up-status": "It takes a look at the one moment in which a stack deletes what an update has replaced.",
    "console-pages": "The pages are for a browser in which somebody is signed in; no call shows them.",
    "china": "It takes an account of the China partition.",
    "answer-hosts": "It takes accounts of the other partitions.",
    "auto-mode": "It takes two jobs of its own, on both sides of 100 MB; the job of this command names its mode.",
    "picture-batch": "It takes a job for images, which is too dear for a check.",
    "endpoint-log": "A look at a log shows only that no line has come yet since its endpoint is gone.",
    "trust-keys": "It takes a job, a model and a state machine with roles that ask for them; their trust here is open.",
    "copied-folders": "It takes CDK's own function with its layer, which only an app of the CDK brings.",
    "copied-in-time": "It takes a folder of 100,000 files.",
    "stack-uuid": "That the ids of a few stacks differ there says nothing of all stacks.",
    "refactored-resource": "It takes a stack refactoring of a job; whether AWS moves custom resources is unknown.",
    "asset-keys": "It takes a bucket with a key that stands in for the one of the bootstrap.",
    "promotion-rights": "It takes two models behind one endpoint; the probe of endpoints changes instances alone.",
    "denied-approval": "It takes a role that is denied it; the probes register with your own rights.",
    "config-while-updating": "It takes a look in the middle of an update, for each kind of rollout.",
    "endpoint-events": "It takes a rule on the bus and somewhere to send its events.",
    "event-as-object": "It takes a rule on the bus and somewhere to send its events.",
    "scheduled-time": "It takes a schedule whose target fails at first.",
    "endpoint-lag": "That the answers of some calls are up to date says nothing of all calls.",
    "holdout-transform": "It takes a transform as a run makes it; the probe of transforms asks for no chances.",
    "conditional-conflict": "It takes writers that meet in the same moment.",
    "one-start-role": "It takes a rule and a schedule that share a role.",
    "left-out-items": "It takes a stack under another name than its app gives it, with a policy of such items.",
    "readers": "It takes a job for each odd table; the job of this command has one plain table.",
    "ensembling-problem": "It takes a job for each rule; the job of this command names its problem type.",
    "ensembling-request": "The one endpoint that is asked here is asked with a sound row, and answers into a bucket.",
    "other-account": "It takes a bucket, a key, a topic and a bus in a second account.",
    "other-region": "It takes things in a second region; this command makes them in one.",
    "metric-periods": "An alarm for each period would have to be made; CloudWatch's own page lists them.",
    "whole-numbers": "A request with such a number makes a job, if the service takes it.",
    "policy-order": "It takes a look at the one moment in which a stack deletes what an update has replaced.",
    "training-instances": "One job shows what the service chose once, and not that it never takes more.",
    "series-channel": "No answer of the service tells which of its inputs a job has read.",
}
"""The assumptions that this command does not look at, with the reason."""
