"""What the engine of a job's mode makes of a local table is told at synthesis, and refused where it is a waste."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib import AutoMLJob, AutoMLJobV2, Channel, Metric, Mode, ProblemType, Tabular
from constructs_lib.api.datafile import Reading, read
from constructs_lib.api.datarows import WAYS_OUT
from constructs_lib.api.enums import ContentType
from constructs_lib.engines.inspection import ENSEMBLING, TUNING

from ..constructs.synthesis import data_bucket, new_job, new_stack, warnings_of

NAME = "'training_data' (data.csv)"
ID = "cdk-sagemaker-autopilot:"
DECIMALS = [f"{number}.5" for number in range(499)]
TYPO = [*DECIMALS[:16], "12,5", *DECIMALS[16:]]
"""A comma in place of a point, in row 17."""

COUNTS = [str(number) for number in range(1000)]
YES_NO = ["yes", "no"] * 300
GIVEN: dict[ProblemType, dict[str, Any]] = {
    ProblemType.BINARY_CLASSIFICATION: {"problem_type": ProblemType.BINARY_CLASSIFICATION, "objective": Metric.F1},
    ProblemType.MULTICLASS_CLASSIFICATION: {
        "problem_type": ProblemType.MULTICLASS_CLASSIFICATION,
        "objective": Metric.ACCURACY,
    },
    ProblemType.REGRESSION: {"problem_type": ProblemType.REGRESSION, "objective": Metric.MSE},
}


@pytest.fixture
def table(tmp_path: Path) -> Callable[[Sequence[str]], Channel]:
    """Makes a file with a feature and a target."""

    def made(labels: Sequence[str]) -> Channel:
        return of_text(tmp_path, "x,y\n" + "".join(f'{row},"{label}"\n' for row, label in enumerate(labels)))

    return made


def of_text(tmp_path: Path, text: str) -> Channel:
    path = tmp_path / "data.csv"
    path.write_text(text)
    return Channel.from_asset(path)


def told(job: AutoMLJob | AutoMLJobV2) -> dict[str, str]:
    """What a job is warned of, by the id without the library's name."""
    ends = [warning.removesuffix("]").rpartition(f" [ack: {ID}") for warning in warnings_of(job)]
    return {name: text.removeprefix(f"{NAME} ") for text, _, name in ends}


def refused(job: AutoMLJob | AutoMLJobV2) -> list[str]:
    """What synthesis refuses a job for."""
    return [text.removeprefix(f"{NAME} ") for text in job.node.validate()]


def meant(name: str) -> str:
    """How a refusal ends."""
    return (
        ". If it is meant, say so: cdk.Annotations.of(job).acknowledge_warning"
        f'("cdk-sagemaker-autopilot:{name}", "<why>")'
    )


# ------------------------------------------------------------------------------------------------------ what is refused

SPELLED = ["yes", "no", "Yes"] * 200
REFUSED: list[tuple[str, Mode | None, ProblemType | None, list[str], str, str]] = [
    (
        "one typo makes text of a regression",
        Mode.ENSEMBLING,
        None,
        TYPO,
        "words-among-numbers",
        "has values in 'y' that are no numbers, '12,5' in row 17: all of 'y' is read as text of 500 classes; correct "
        "these cells, or leave them empty",
    ),
    (
        "a regression of text",
        Mode.ENSEMBLING,
        ProblemType.REGRESSION,
        TYPO,
        "words-among-numbers",
        "has values in 'y' that are no numbers, '12,5' in row 17, which Regression needs everywhere: no model trains; "
        "correct these cells, or leave them empty",
    ),
    (
        "counts that may be classes",
        None,
        None,
        COUNTS,
        "unclear-problem-type",
        "does not tell which problem 'y' poses, since it has 1000 different whole numbers, so it is unclear whether "
        "they are classes or amounts: give 'problem_type'",
    ),
    (
        "a class in two spellings, for tuning",
        Mode.HYPERPARAMETER_TUNING,
        None,
        SPELLED,
        "class-spelled-twice",
        "has 'yes' in row 1, 'Yes' in row 3 in 'y': to HYPERPARAMETER_TUNING each spelling is a class of its own; "
        "spell it in one way",
    ),
    (
        "a class in two spellings, for ensembling",
        Mode.ENSEMBLING,
        None,
        SPELLED,
        "class-spelled-twice",
        "has classes in 'y' that differ in case or blanks only, 'Yes', 'yes': each is one of its own; spell it in one "
        "way",
    ),
    (
        "one value, for tuning",
        None,
        None,
        ["yes"] * 500,
        "one-value",
        "has one value in 'y', 'yes': there is nothing to learn; name another target",
    ),
    (
        "one value, for ensembling",
        Mode.ENSEMBLING,
        None,
        ["yes"] * 500,
        "one-class",
        "has one value in 'y', 'yes': no model trains; name another target",
    ),
    (
        "one number",
        Mode.ENSEMBLING,
        ProblemType.REGRESSION,
        ["1.5"] * 500,
        "one-value",
        "has one value in 'y', 1.5: there is nothing to learn; name another target",
    ),
    (
        "a target without labels",
        None,
        None,
        [""] * 500,
        "no-label",
        "has no label in 'y' in any of its 500 rows; name another target",
    ),
    (
        "a regression of words",
        None,
        ProblemType.REGRESSION,
        YES_NO,
        "no-number",
        "has no number in 'y': it has 'yes', 'no'; write numbers only, or give another 'problem_type'",
    ),
    (
        "three classes for two",
        Mode.ENSEMBLING,
        ProblemType.BINARY_CLASSIFICATION,
        ["a", "b", "c"] * 200,
        "not-two-classes",
        "needs two different values in 'y' for BinaryClassification; there are 3: 'a', 'b', 'c'; give another "
        "'problem_type', or keep two values",
    ),
    (
        "fewer labels than the service asks for",
        Mode.ENSEMBLING,
        None,
        [*YES_NO[:499], ""],
        "too-few-rows",
        "has 499 of 500 rows that can be learned from in 'y', and the service asks for 500; add rows with a label",
    ),
    (
        "names as classes",
        Mode.ENSEMBLING,
        None,
        [f"name {row}" for row in range(500)],
        "classes-of-one-row",
        "has 500 classes in 'y', and 500 of them have a single row: nothing of them is learned; put them into larger "
        "classes",
    ),
    (
        "more classes than are taken",
        None,
        ProblemType.MULTICLASS_CLASSIFICATION,
        [f"name {row // 2}" for row in range(4002)],
        "too-many-classes",
        "has 2001 classes in 'y'; at most 2000 are taken; put them into larger classes",
    ),
]


@pytest.mark.parametrize(
    ("mode", "given", "labels", "name", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_wasted_training_is_refused_until_somebody_says_that_it_is_meant(
    table: Callable[[Sequence[str]], Channel],
    mode: Mode | None,
    given: ProblemType | None,
    labels: list[str],
    name: str,
    said: str,
) -> None:
    job = new_job(new_stack(), training_data=table(labels), mode=mode, **(GIVEN[given] if given else {}))

    assert told(job)[name] == said
    assert refused(job) == [said + meant(name)]

    cdk.Annotations.of(job).acknowledge_warning(ID + name, "it is a test")

    assert name not in told(job)
    assert refused(job) == []


def test_synthesis_fails_with_the_way_out_and_passes_once_it_is_meant(
    table: Callable[[Sequence[str]], Channel],
) -> None:
    stack = new_stack()
    job = AutoMLJobV2(
        stack,
        "Job",
        problem=Tabular(target_attribute="y", mode=Mode.ENSEMBLING),
        training_data=table(TYPO),
    )
    app = cdk.App.of(stack)
    assert isinstance(app, cdk.App)

    with pytest.raises(RuntimeError) as failed:
        app.synth()
    assert (
        f"[Stack/Job] {NAME} has values in 'y' that are no numbers, '12,5' in row 17: all of 'y' is read as text of "
        "500 classes; correct these cells, or leave them empty" + meant("words-among-numbers")
    ) in str(failed.value)

    cdk.Annotations.of(job).acknowledge_warning(ID + "words-among-numbers", "they are names of versions")
    assert app.synth().get_stack_by_name("Stack").template["Resources"]


@pytest.mark.parametrize("where", ["at the job", "above it", "above it, before it is there"])
def test_it_can_be_said_at_the_job_or_above_it_before_or_after(
    table: Callable[[Sequence[str]], Channel], where: str
) -> None:
    stack = new_stack()
    if where.endswith("there"):
        cdk.Annotations.of(stack).acknowledge_warning(ID + "unclear-problem-type", "it is a test")
    job = new_job(stack, training_data=table(COUNTS))
    if not where.endswith("there"):
        assert len(refused(job)) == 1
        scope = job if where == "at the job" else stack
        cdk.Annotations.of(scope).acknowledge_warning(ID + "unclear-problem-type", "it is a test")

    assert (told(job), refused(job)) == ({}, [])


def test_one_acknowledgement_is_for_one_finding(table: Callable[[Sequence[str]], Channel]) -> None:
    job = new_job(new_stack(), training_data=table([*SPELLED[:499], ""]), mode=Mode.ENSEMBLING)
    cdk.Annotations.of(job).acknowledge_warning(ID + "class-spelled-twice", "two kinds of yes")

    assert [text.rpartition("(")[2] for text in refused(job)] == [f'"{ID}too-few-rows", "<why>")']


# --------------------------------------------------------------------------------------------------------- what is told

DIFFER = (
    "poses the problem Regression in 'y' by the rule of ENSEMBLING, and {} by that of HYPERPARAMETER_TUNING: give "
    "'problem_type'"
)
TOLD: list[tuple[str, Mode | None, ProblemType | None, list[str], dict[str, str]]] = [
    ("two classes", Mode.ENSEMBLING, ProblemType.BINARY_CLASSIFICATION, YES_NO, {}),
    ("two classes, for tuning", None, ProblemType.BINARY_CLASSIFICATION, YES_NO, {}),
    ("decimals", Mode.ENSEMBLING, None, [*DECIMALS, "0.25"], {}),
    ("decimals, by both", Mode.AUTO, None, [*DECIMALS, "0.25"], {}),
    ("counts, given", None, ProblemType.REGRESSION, COUNTS, {}),
    (
        "rows without a label",
        None,
        ProblemType.BINARY_CLASSIFICATION,
        [*YES_NO, "", " "],
        {
            "rows-without-label": "has 2 of 602 rows without a label in 'y', which are left out: '' in row 601, ' ' in "
            "row 602"
        },
    ),
    (
        "a word that is a missing label for one",
        Mode.ENSEMBLING,
        ProblemType.BINARY_CLASSIFICATION,
        [*YES_NO, "NA"],
        {
            "rows-without-label": "has 1 of 601 rows without a label in 'y', which are left out: 'NA' in row 601; "
            "ENSEMBLING takes 'NA' for a missing label, in quotes too"
        },
    ),
    (
        "and a class for the other",
        None,
        ProblemType.MULTICLASS_CLASSIFICATION,
        [*YES_NO, "NA", "NA"],
        {
            "missing-word-is-a-class": "has 'NA' in row 601 in 'y': to HYPERPARAMETER_TUNING that is a class, and no "
            "missing label"
        },
    ),
    (
        "labels that are no number",
        None,
        ProblemType.REGRESSION,
        [*TYPO, "1.5"],
        {
            "rows-without-number": "has 1 row without a finite number in 'y', left out: '12,5' in row 17",
        },
    ),
    (
        "true in two spellings is one class for ensembling",
        Mode.ENSEMBLING,
        ProblemType.BINARY_CLASSIFICATION,
        ["True", "true", "FALSE"] * 200,
        {"answers-respelled": "has 'true', 'FALSE' in 'y', and the answers are 'True' and 'False'"},
    ),
    (
        "a class that is too rare",
        Mode.ENSEMBLING,
        ProblemType.MULTICLASS_CLASSIFICATION,
        [*YES_NO, "maybe"],
        {
            "rare-classes": "has classes in 'y' that are too rare to be learned, 'maybe': 1 row left out, "
            "never answered and the model is trained as one of two classes"
        },
    ),
    (
        "a class of a single row",
        None,
        ProblemType.MULTICLASS_CLASSIFICATION,
        [*YES_NO, "maybe"],
        {
            "local_data": "has a single row for each of these classes of 'y': 'maybe'; it is learned from or measured "
            "on, never both"
        },
    ),
    (
        "counts that ensembling takes for amounts",
        Mode.AUTO,
        None,
        COUNTS,
        {"ambiguous-problem-type": DIFFER.format("none that can be told")},
    ),
    (
        "101 whole numbers in 2,000 rows",
        Mode.AUTO,
        None,
        [str(row % 101) for row in range(2000)],
        {"ambiguous-problem-type": DIFFER.format("none that can be told")},
    ),
    (
        "100 of them in 1,200 rows",
        Mode.ENSEMBLING,
        None,
        [str(row % 100) for row in range(1200)],
        {"ambiguous-problem-type": DIFFER.format("MulticlassClassification")},
    ),
    (
        "100 classes, one of which more would be amounts",
        Mode.ENSEMBLING,
        None,
        [str(row % 100) for row in range(1000)],
        {
            "ambiguous-problem-type": "poses the problem MulticlassClassification in 'y', and with a tenth more rows "
            "it would be Regression: give 'problem_type'"
        },
    ),
]


@pytest.mark.parametrize(("mode", "given", "labels", "said"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD])
def test_what_the_engine_does_is_told_and_passes(
    table: Callable[[Sequence[str]], Channel],
    mode: Mode | None,
    given: ProblemType | None,
    labels: list[str],
    said: dict[str, str],
) -> None:
    job = new_job(new_stack(), training_data=table(labels), mode=mode, **(GIVEN[given] if given else {}))

    assert (told(job), refused(job)) == (said, [])


def test_in_auto_mode_what_is_wasted_in_one_mode_is_refused_and_says_in_which(
    table: Callable[[Sequence[str]], Channel],
) -> None:
    job = new_job(new_stack(), training_data=table([*TYPO, "1.5", ""]), mode=Mode.AUTO)

    assert refused(job) == [
        "as ENSEMBLING reads it has values in 'y' that are no numbers, '12,5' in row 17: all of 'y' is read as text of "
        "500 classes; correct these cells, or leave them empty" + meant("words-among-numbers")
    ]
    assert sorted(told(job)) == [
        "ambiguous-problem-type",
        "many-classes",
        "rows-without-label",
        "rows-without-number",
        "words-among-numbers",
    ]
    assert told(job)["rows-without-label"] == (
        "has 1 of 502 rows without a label in 'y', which are left out: '' in row 502"
    )
    assert told(job)["rows-without-number"].startswith("as HYPERPARAMETER_TUNING reads it has 1 row without")


def test_nothing_is_said_of_a_target_where_the_mode_or_the_problem_type_is_a_token(
    table: Callable[[Sequence[str]], Channel],
) -> None:
    token: Any = cdk.CfnParameter(new_stack(), "Parameter").value_as_string
    for props in ({"mode": token}, {"problem_type": token, "objective": token, "mode": Mode.ENSEMBLING}):
        job = new_job(new_stack(), training_data=table(TYPO), **props)
        assert refused(job) == []
        assert sorted(told(job)) == ["local_data"], "that each value comes once needs no engine"


def test_validation_data_are_not_judged_as_what_is_learned_from(
    table: Callable[[Sequence[str]], Channel], tmp_path: Path
) -> None:
    training = tmp_path / "train.csv"
    training.write_text("x,y\n" + "".join(f"1,{label}\n" for label in YES_NO))
    given = GIVEN[ProblemType.BINARY_CLASSIFICATION]
    job = new_job(
        new_stack(), training_data=Channel.from_asset(training), validation_data=table([*YES_NO, ""]), **given
    )

    assert (told(job), refused(job)) == ({}, [])


# ----------------------------------------------------------------------------------------------- the lines of each mode

ROWS = "".join(f"{row},{row % 2},{row % 3}\n" for row in range(600))
FIRST = "'training_data' (data.csv)"
LINES: list[tuple[str, str, Sequence[str], str]] = [
    # what, the file, what tuning refuses, what ensembling tells: nothing where it refuses too
    (
        "a short row",
        f"a,b,y\n{ROWS}1,2\n{ROWS}",
        [f"{FIRST}, row 601: 2 values, but there should be 3: no more is read"],
        "has 1 row with fewer values than its header, the first in row 601: what is not there counts as missing",
    ),
    (
        "two columns of one name",
        f"a,a,y\n{ROWS}",
        [f"{FIRST}: the header has 'a' more than once"],
        ": the columns are called 'a', 'a.1', 'y', since each needs a name of its own",
    ),
    (
        "an empty name",
        f"a,,y\n{ROWS}",
        [],
        ": the columns are called 'a', 'Unnamed: 1', 'y', since each needs a name of its own",
    ),
    (
        "two empty names",
        f",,y\n{ROWS}",
        [f"{FIRST}: the header has '' more than once"],
        ": the columns are called 'Unnamed: 0', 'Unnamed: 1', 'y', since each needs a name of its own",
    ),
    (
        "a line of blanks",
        f"a,b,y\n{ROWS}  \n{ROWS}",
        [f"{FIRST}, row 601: 1 value, but there should be 3: no more is read"],
        "",
    ),
]
REFUSED_BY_BOTH: list[tuple[str, str, str, str]] = [
    (
        "a long row",
        f"a,b,y\n{ROWS}1,2,3,4\n",
        f"{FIRST}, row 601: 4 values, but there should be 3: no more is read",
        f"{FIRST}, row 601: 4 values, but there are 3: the whole file is refused",
    ),
    (
        "a first row that is wider than the header",
        f"a,b\n{ROWS}",
        f"{FIRST}, row 1: 3 values, but there should be 2: no more is read",
        f"{FIRST}: the first row has 3 cells, 1 more than the header: the engine takes the first cell of every row for "
        "its number, and each name then is that of the cell after it",
    ),
    (
        "a quote that is not closed",
        f'a,b,y\n{ROWS}1,"2,3\n',
        f"{FIRST}, line 602: a quote that begins here is never closed",
        f"{FIRST}, line 602: a quote that begins here is never closed",
    ),
    ("no line", "\n\n", f"{FIRST} has no header line", f"{FIRST} has no header line"),
]


def refusal(tmp_path: Path, text: str, mode: Any) -> list[str]:
    """What the constructor refuses a table for."""
    with pytest.raises(ValueError, match=r"AutoMLJob '.*' has") as refused_for:
        new_job(new_stack(), training_data=of_text(tmp_path, text), target_attribute="y", mode=mode)
    return [line.removeprefix("  - ") for line in str(refused_for.value).splitlines()[1:]]


@pytest.mark.parametrize(("text", "tuning", "ensembling"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_one_file_is_read_by_the_rules_of_each_mode(
    tmp_path: Path, text: str, tuning: Sequence[str], ensembling: str
) -> None:
    given = GIVEN[ProblemType.MULTICLASS_CLASSIFICATION]
    job = new_job(new_stack(), training_data=of_text(tmp_path, text), mode=Mode.ENSEMBLING, **given)
    assert told(job).get("local_data", "").removeprefix(FIRST) == ensembling

    token = cdk.CfnParameter(new_stack(), "Parameter").value_as_string
    for mode in (None, Mode.HYPERPARAMETER_TUNING, Mode.AUTO, token):  # where it may be either, as the stricter one
        if tuning:
            assert refusal(tmp_path, text, mode) == tuning
        else:
            new_job(new_stack(), training_data=of_text(tmp_path, text), mode=mode)


@pytest.mark.parametrize(
    ("text", "tuning", "ensembling"), [row[1:] for row in REFUSED_BY_BOTH], ids=[row[0] for row in REFUSED_BY_BOTH]
)
def test_what_no_mode_reads_is_refused_in_the_constructor(
    tmp_path: Path, text: str, tuning: str, ensembling: str
) -> None:
    assert refusal(tmp_path, text, Mode.ENSEMBLING) == [ensembling]
    assert refusal(tmp_path, text, None) == [tuning]


def test_reader_of_tuning_is_the_stricter_one(tmp_path: Path) -> None:
    dice = random.Random(17)
    taken = 0
    for _ in range(300):
        lines = [[dice.choice(["", " ", "a", "b", "1"]) for _ in range(dice.choice([2, 2, 2, 1, 3]))] for _ in range(4)]
        path = tmp_path / "data.csv"
        path.write_text("".join(",".join(line) + "\n" for line in lines))
        seen = [
            read(path, ContentType.CSV, None, Reading(reader=each, engines=(), target=None))
            for each in (TUNING, ENSEMBLING)
        ]
        if not seen[0].problems:
            taken += 1
            assert seen[1].problems == ()
    assert taken > 10


def test_of_a_large_file_the_target_is_not_judged_nor_what_comes_late(tmp_path: Path) -> None:
    rows = "".join(f"{row},{'x' * 100},{row}\n" for row in range(90_000))
    job = new_job(new_stack(), training_data=of_text(tmp_path, f"a,b,y\n{rows}1,2\n"))

    assert (told(job), refused(job)) == ({}, [])


def test_existing_data_elsewhere_are_not_judged() -> None:
    stack = new_stack()
    job = new_job(stack, training_data=Channel.from_bucket(data_bucket(stack), "train/"))

    assert (told(job), refused(job)) == ({}, [])


def test_each_way_out_belongs_to_something_that_an_engine_tells() -> None:
    # Those of types that only Parquet has are not made of local files here.
    assert set(WAYS_OUT) == {row[4] for row in REFUSED} | {"unusable-target"}
