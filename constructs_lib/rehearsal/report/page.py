"""The report as one page of HTML that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Final

from constructs_lib.rehearsal.screen import counted

from . import charts
from .markup import element, page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from constructs_lib.rehearsal.studies import Confusion, Forecast, Importance, Regions, Study, Words

    from .facts import (
        DeploymentFact,
        EndpointFact,
        Facts,
        JobFact,
        OutcomeFact,
        PropertyChange,
        ResourceChange,
        ResourceFact,
        StepFact,
    )
    from .markup import Content

_MOST_COLUMNS: Final = 20
"""Columns whose importance is drawn; more are counted."""

_MOST_WORDS: Final = 10
_MOST_CLASSES: Final = 20
"""Classes of a confusion matrix that is shown; a larger one is in the JSON."""

_LONGEST: Final = 300
"""Characters of a changed value that are shown; all of it is in the JSON."""

_SHADES: Final = 5

_TITLES: Final = {
    "passed": "All checks passed",
    "failed": "A check failed",
    "could not start": "It could not start",
    "timed out": "It took too long",
    "interrupted": "It was interrupted",
}


def rendered(facts: Facts) -> str:
    """The page."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    stacks = ", ".join(facts.about.stacks) or "an app"
    sections = [
        (name, title, content)
        for name, title, content in (
            ("timeline", "Timeline", _timeline(facts)),
            ("jobs", "Jobs and models", _jobs(facts)),
            ("endpoints", "What endpoints answered", _endpoints(facts.endpoints)),
            ("updates", "What each update changed", _updates(facts.deployments)),
            ("cloudformation", "What CloudFormation did", _spans(facts.deployments)),
            ("resources", "Resources", _resources(facts)),
            ("permissions", "Permissions", _permissions(facts)),
            ("real", "What was real, and what was played", _real(facts)),
            ("assumptions", "What nobody has checked on AWS", _assumptions(facts)),
        )
        if content
    ]
    return page(
        element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                element(
                    "meta",
                    http_equiv="Content-Security-Policy",
                    content=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:",
                ),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("title", f"Rehearsal of {stacks}: {facts.verdict.status}"),
                element("link", rel="icon", href="data:,"),
                element("style", style),
            ),
            element(
                "body",
                element("a", "Skip to the content", class_="skip", href="#content"),
                element("header", element("h1", f"Rehearsal of {stacks}"), _verdict(facts), _about(facts)),
                element(
                    "nav",
                    element("ul", [element("li", element("a", title, href=f"#{name}")) for name, title, _ in sections]),
                    aria_label="Parts of this page",
                ),
                element(
                    "main",
                    [
                        element(
                            "section",
                            element("h2", title, id=f"{name}-title"),
                            content,
                            id=name,
                            aria_labelledby=f"{name}-title",
                        )
                        for name, title, content in sections
                    ],
                    id="content",
                ),
                element(
                    "footer",
                    element(
                        "p",
                        "Written by ",
                        element("code", "automl rehearse"),
                        ". It asks no server for anything.",
                    ),
                ),
            ),
            lang="en",
        )
    )


def _verdict(facts: Facts) -> Element:
    verdict = facts.verdict
    passed = verdict.status == "passed"
    checks = f"{counted(verdict.checks, 'check')} passed, in {_seconds(verdict.seconds)}."
    evidence = [
        element(
            "details",
            element("summary", f"Evidence: {each.title}"),
            _scroll(f"End of {each.title}", element("pre", each.text)),
        )
        for each in verdict.evidence
    ]
    return element(
        "div",
        element("p", element("strong", _TITLES[verdict.status])),
        element("p", verdict.reason) if verdict.reason else None,
        element("p", checks),
        evidence,
        class_="verdict" if passed else "verdict bad",
    )


def _about(facts: Facts) -> Element:
    about = facts.about
    where = f"{about.account} in {about.region}, embedded in one machine" if about.account else ""
    rows = (("App", about.app), ("Account", where), ("Began", about.began), ("Library", about.library))
    return element("dl", [[element("dt", name), element("dd", value)] for name, value in rows if value])


def _timeline(facts: Facts) -> Content:
    if not facts.steps:
        return None
    whole = facts.verdict.seconds
    return [
        element("p", "Each bar shows when a step ran in the whole rehearsal. Open a step for what was checked in it."),
        element("ol", [element("li", _step(step), _bar_of(step, whole)) for step in facts.steps], class_="steps"),
    ]


def _bar_of(step: StepFact, whole: float) -> Element:
    return charts.bar(step.began, step.seconds, whole, "bad" if step.status == "failed" else "")


def _step(step: StepFact) -> Element:
    checks = counted(len(step.checks), "check") if step.checks else ""
    failed = step.status == "failed"
    return element(
        "details",
        element(
            "summary",
            element("span", f"{step.number}. {step.title}"),
            element("span", _seconds(step.seconds), class_="quiet"),
            element("span", "did not end well", class_="bad") if failed else None,
            element("span", f"✓ {checks}", class_="good") if checks else None,
        ),
        element("ul", [element("li", "✓ ", each) for each in step.checks]) if step.checks else None,
        element("ul", [element("li", each, class_="quiet") for each in step.notes]) if step.notes else None,
        None
        if step.checks or step.notes or failed
        else element("p", "Nothing is checked in this step.", class_="quiet"),
        element("p", "Why stands at the top of this page.", class_="quiet") if failed else None,
        open=failed,
    )


# Jobs


def _jobs(facts: Facts) -> Content:
    gates = {each.job: each for each in facts.outcomes}
    return [[_job(job), _gate(gates[job.name]) if job.name in gates else None] for job in facts.jobs] or None


def _gate(outcome: OutcomeFact) -> Element:
    rows = (("Quality gate", outcome.gate or "none"), ("Full result", outcome.result or "not written"))
    return element("dl", [[element("dt", name), element("dd", value)] for name, value in rows])


def _job(job: JobFact) -> Content:
    study = job.study
    rows = (
        ("Status", f"{job.status} ({job.stage})" if job.stage != job.status else job.status),
        ("Why", job.failure_reason),
        ("Problem", study.problem_type),
        ("Positive class", study.positive_class),
        ("Took", _seconds(job.seconds) if job.seconds is not None else ""),
    )
    return [
        element("h3", f"Job {job.name}"),
        element("dl", [[element("dt", name), element("dd", value)] for name, value in rows if value]),
        _leaderboard(job),
        _metrics(job),
        _study(study),
        element("h4", "Notes of the trainer") if job.notes else None,
        element("ul", [element("li", note) for note in job.notes]) if job.notes else None,
    ]


def _leaderboard(job: JobFact) -> Content:
    if not job.candidates:
        return element("p", "This job has no candidates.")
    metric = next((each.metric for each in job.candidates if each.metric), "value")
    values = [abs(each.value) for each in job.candidates if each.value is not None]
    whole = 1.0 if values and max(values) <= 1 and not job.smaller_is_better else max(values, default=1.0)
    rows = [
        element(
            "tr",
            element("td", str(each.rank), class_="number"),
            element("th", each.name, scope="row", class_="name"),
            element("td", each.status if each.value is None else _number(each.value), class_="number"),
            element("td", charts.bar(0, abs(each.value or 0), whole), class_="drawn"),
            element("td", "" if each.seconds is None else f"{each.seconds:.1f}", class_="number"),
            element("td", each.trained_here, class_="long"),
        )
        for each in job.candidates
    ]
    better = "the smallest value is the best" if job.smaller_is_better else "the greatest value is the best"
    return [
        element("h4", "Leaderboard"),
        _table(
            f"Candidates by {metric}, best first: {better}",
            [
                ("Rank", "number"),
                ("Candidate", ""),
                (metric, "number"),
                ("", ""),
                ("Seconds", "number"),
                ("Trained here", ""),
            ],
            rows,
        ),
    ]


def _metrics(job: JobFact) -> Content:
    names = list(dict.fromkeys(name for each in job.candidates for name in each.metrics))
    if not names:
        return None
    rows = [
        element(
            "tr",
            element("th", each.name, scope="row", class_="name"),
            [
                element("td", _number(each.metrics[name]) if name in each.metrics else "", class_="number")
                for name in names
            ],
        )
        for each in job.candidates
        if each.metrics
    ]
    return [
        element("h4", "Metrics of each candidate"),
        _table("Measured on validation rows", [("Candidate", ""), *((name, "number") for name in names)], rows),
    ]


def _study(study: Study) -> Content:
    return [
        _importance(study.importance) if study.importance else None,
        _confusion(study.confusion) if study.confusion else None,
        _residuals(study.residuals) if study.residuals else None,
        _words(study.words) if study.words else None,
        _regions(study.regions) if study.regions else None,
        [_forecast(each) for each in study.forecasts],
    ]


def _importance(found: Importance) -> Content:
    shown = list(found.columns.items())[:_MOST_COLUMNS]
    whole = max((abs(value) for _, value in shown), default=1.0) or 1.0
    rows = [
        element(
            "tr",
            element("th", name, scope="row", class_="name"),
            element("td", _number(value), class_="number"),
            element("td", charts.bar(0, abs(value), whole, "negative" if value < 0 else ""), class_="drawn"),
        )
        for name, value in shown
    ]
    more = len(found.columns) - len(shown)
    return [
        element("h4", "Importance of each column"),
        element("p", _sentence(found.meaning), f" Method: {found.method}.", class_="quiet"),
        _table("The most important column first", [("Column", ""), ("Importance", "number"), ("", "")], rows),
        element("p", f"{more} more columns are in the JSON report.", class_="quiet") if more else None,
    ]


def _confusion(found: Confusion) -> Content:
    title = element("h4", "Confusion matrix")
    if len(found.labels) > _MOST_CLASSES:
        return [title, element("p", f"{len(found.labels)} classes are too many to show: they are in the JSON report.")]
    rows = [
        element(
            "tr",
            element("th", label, scope="row"),
            [element("td", str(count), class_=_shade(count, sum(row))) for count in row],
        )
        for label, row in zip(found.labels, found.matrix, strict=True)
    ]
    return [
        title,
        _table(
            "A row for each true class, a column for each predicted one; a darker cell holds more of its row",
            [("True class", ""), *((label, "number") for label in found.labels)],
            rows,
            class_="confusion",
        ),
    ]


def _shade(part: float, whole: float) -> str | None:
    shade = round(_SHADES * part / whole) if whole > 0 else 0
    return f"shade-{min(shade, _SHADES)}" if shade > 0 else None


def _residuals(found: Mapping[str, float]) -> Content:
    words = {"p10": "a tenth is below", "p90": "a tenth is above"}
    return [
        element("h4", "Residuals"),
        element(
            "p",
            "True value minus predicted. The box holds eight of ten rows, the line in it is the median.",
            class_="quiet",
        ),
        charts.box(found),
        element(
            "dl",
            [[element("dt", words.get(name, name)), element("dd", _number(value))] for name, value in found.items()],
        ),
    ]


def _words(found: Words) -> Content:
    return [
        element("h4", "Words that count"),
        element("p", _sentence(found.meaning), f" Method: {found.method}.", class_="quiet"),
        [
            _table(
                f"Class {label}",
                [("Word", ""), ("Counts", "number")],
                [
                    element("tr", element("th", word, scope="row"), element("td", _number(value), class_="number"))
                    for word, value in list(words.items())[:_MOST_WORDS]
                ],
            )
            for label, words in found.labels.items()
            if words
        ],
    ]


def _regions(found: Regions) -> Content:
    most = max((value for row in found.rows for value in row), default=0.0)
    rows = [
        element(
            "tr",
            element("th", f"Row {number}", scope="row"),
            [element("td", _number(value), class_=_shade(max(0.0, value), most)) for value in row],
        )
        for number, row in enumerate(found.rows, start=1)
    ]
    across = len(found.rows[0]) if found.rows else 0
    return [
        element("h4", "Parts of the image that count"),
        element("p", _sentence(found.meaning), f" Method: {found.method}.", class_="quiet"),
        _table(
            "From the top of the image; a darker cell counts more",
            [("", ""), *((f"Column {number}", "") for number in range(1, across + 1))],
            rows,
            class_="confusion",
        ),
    ]


def _forecast(found: Forecast) -> Content:
    names = list(found.quantiles)
    rows = [
        element(
            "tr",
            element("th", moment, scope="row"),
            element("td", _number(found.truth[place]), class_="number"),
            [element("td", _number(found.quantiles[name][place]), class_="number") for name in names],
        )
        for place, moment in enumerate(found.moments)
    ]
    return [
        element("h4", f"Forecast of {found.item}"),
        element(
            "p",
            "Made from the steps before alone. The line is what came to be, the dashed one the median (p50), "
            "the band lies between the outer quantiles.",
            class_="quiet",
        ),
        charts.lines(found),
        element(
            "details",
            element("summary", f"The numbers of {found.item}"),
            _table(
                f"Forecast of {found.item}",
                [("Moment", ""), ("Came to be", "number"), *((name, "number") for name in names)],
                rows,
            ),
        ),
    ]


# What was deployed


def _endpoints(found: Sequence[EndpointFact]) -> Content:
    return [
        [
            element("h3", f"Endpoint {each.endpoint}"),
            element(
                "dl",
                [
                    [element("dt", name), element("dd", value)]
                    for name, value in (
                        ("Serves", f"{each.candidate or 'the best candidate'} of {', then of '.join(each.jobs)}"),
                        ("Asked about", each.asked),
                        ("Answered", element("code", each.answer)),
                        ("Each prediction holds", ", ".join(each.response_keys)),
                        (
                            "Held against the model",
                            "the answer is what the model itself predicts" if each.as_the_model else "",
                        ),
                        (
                            "During updates",
                            f"asked {each.asked_meanwhile} times, always answered" if each.asked_meanwhile else "",
                        ),
                    )
                    if value != ""
                ],
            ),
        ]
        for each in found
    ] or None


def _updates(deployments: Sequence[DeploymentFact]) -> Content:
    if len(deployments) < 2:
        return None
    return [
        [
            element("h3", f"{number}. {each.step}"),
            [
                [
                    element("h4", f"Stack {stack.stack}"),
                    element("ul", [element("li", _change(change)) for change in stack.changes]),
                ]
                for stack in each.stacks
                if stack.changes
            ]
            or element("p", "The templates are the same as before."),
        ]
        for number, each in enumerate(deployments[1:], start=1)
    ]


def _change(change: ResourceChange) -> Content:
    return [
        element("strong", change.change),
        f" {change.type} ",
        element("code", change.logical_id),
        element("ul", [element("li", _value(each)) for each in change.properties]) if change.properties else None,
    ]


def _value(change: PropertyChange) -> Content:
    return [
        element("code", change.path),
        ": ",
        element("del", _short(change.before)) if change.before is not None else "new",
        " becomes " if change.before is not None else " ",
        element("ins", _short(change.after)) if change.after is not None else "nothing: it is gone",
    ]


def _short(value: str) -> str:
    if len(value) <= _LONGEST:
        return value
    return f"{value[:_LONGEST]}… ({len(value)} characters: whole in the JSON report)"


def _spans(deployments: Sequence[DeploymentFact]) -> Content:
    shown = []
    for deployment in deployments:
        for stack in deployment.stacks:
            if not stack.resources:
                continue
            whole = max(each.began + each.seconds for each in stack.resources)
            rows = [
                element(
                    "tr",
                    element(
                        "th", each.logical_id, element("span", each.type, class_="quiet"), scope="row", class_="name"
                    ),
                    element("td", each.status, f": {each.reason}" if each.reason else None),
                    element("td", f"{each.began:.1f}", class_="number"),
                    element("td", f"{each.seconds:.1f}", class_="number"),
                    element(
                        "td",
                        charts.bar(each.began, each.seconds or whole / 200, whole, "bad" if each.reason else ""),
                        class_="drawn",
                    ),
                )
                for each in stack.resources
            ]
            shown.append(
                element(
                    "details",
                    element("summary", f"{deployment.step}: stack {stack.stack}, {counted(len(rows), 'resource')}"),
                    _table(
                        f"{deployment.step}: stack {stack.stack}",
                        [
                            ("Resource", ""),
                            ("Status", ""),
                            ("Begins after (s)", "number"),
                            ("Takes (s)", "number"),
                            ("", ""),
                        ],
                        rows,
                    ),
                )
            )
    about = "When each resource began and ended. An emulated update lists what has not changed in it, too."
    return [element("p", about), shown] if shown else None


def _resources(facts: Facts) -> Content:
    if not facts.resources:
        return None
    by_stack = groupby(facts.resources, key=lambda resource: resource.stack)
    return [
        [_kinds(stack, list(found)) for stack, found in by_stack],
        [
            element("h3", "Outputs"),
            [
                _table(
                    f"Outputs of {stack}",
                    [("Output", ""), ("Value", "")],
                    [
                        element(
                            "tr", element("th", name, scope="row", class_="name"), element("td", value, class_="long")
                        )
                        for name, value in outputs.items()
                    ],
                )
                for stack, outputs in facts.outputs.items()
                if outputs
            ],
        ]
        if any(facts.outputs.values())
        else None,
    ]


def _kinds(stack: str, found: Sequence[ResourceFact]) -> Content:
    rows = []
    for kind, count in sorted(Counter(each.type for each in found).items()):
        kept = [each.logical_id for each in found if each.type == kind and each.kept]
        rows.append(
            element(
                "tr",
                element("th", kind, scope="row", class_="name"),
                element("td", str(count), class_="number"),
                element("td", ", ".join(kept) or "none", class_="long"),
            )
        )
    return [
        element("h3", f"Stack {stack}"),
        _table(
            f"{counted(len(found), 'resource')} by type",
            [("Type", ""), ("How many", "number"), ("Kept when the stack goes", "")],
            rows,
        ),
    ]


def _permissions(facts: Facts) -> Content:
    if not facts.permissions:
        return None
    by_holder: dict[tuple[str, str], list[str]] = {}
    for each in facts.permissions:
        by_holder.setdefault((each.stack, each.holder), []).append(each.says)
    return [
        element(
            "p",
            "What each policy of the app says, in words. ",
            element("code", "${Name}"),
            " stands for the resource of that logical id.",
        ),
        [
            element(
                "details",
                element(
                    "summary",
                    f"{holder} (stack {stack}): {counted(len(says), 'statement')}",
                ),
                element("ul", [element("li", sentence) for sentence in says]),
            )
            for (stack, holder), says in by_holder.items()
        ],
    ]


def _real(facts: Facts) -> Content:
    lists = (
        ("Real", facts.real),
        ("Played by this machine", facts.played),
        ("Not shown", facts.not_shown),
        ("Left behind on purpose", facts.retained),
    )
    return [_list(title, items) for title, items in lists if items] or None


def _list(title: str, items: Sequence[str]) -> Content:
    return [element("h3", title), element("ul", [element("li", each) for each in items])]


def _assumptions(facts: Facts) -> Content:
    if not facts.assumptions:
        return None
    by_noticed: dict[str, list[Element]] = {}
    for each in facts.assumptions:
        by_noticed.setdefault(each.noticed, []).append(
            element(
                "li",
                element("code", each.id),
                f": {_sentence(each.assumed)} ",
                element("span", f"If it is wrong: {_sentence(each.if_wrong, capital=False)}", class_="quiet"),
            )
        )
    return [
        element(
            "p",
            f"This app rests on {len(facts.assumptions)} assumptions about AWS that nobody has seen there. The page "
            "“What nobody has checked against AWS” of the documentation has them all.",
        ),
        [
            element(
                "details",
                element("summary", f"If one is wrong: {noticed[:1].lower()}{noticed[1:]} ({len(rows)})"),
                element("ul", rows),
            )
            for noticed, rows in by_noticed.items()
        ],
    ]


# Parts of all


def _table(
    caption: str, columns: Iterable[tuple[str, str]], rows: Iterable[Element], class_: str | None = None
) -> Element:
    heads = [
        element("th", title, scope="col", class_=kind or None) if title else element("td") for title, kind in columns
    ]
    return _scroll(
        caption,
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", heads)),
            element("tbody", rows),
            class_=class_,
        ),
    )


def _scroll(name: str, content: Element) -> Element:
    """What is wider than a phone: it moves by itself, by keys too."""
    return element("div", content, class_="scroll", tabindex="0", role="region", aria_label=name)


def _sentence(text: str, *, capital: bool = True) -> str:
    text = text.strip().replace("`", "")
    first = text[:1].upper() if capital else text[:1]
    return first + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 1e4 else f"{value:,.0f}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
