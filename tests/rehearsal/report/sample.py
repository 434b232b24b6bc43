"""Facts of a rehearsal that has all there is, with names that would do harm on a careless page."""

from dataclasses import replace

from constructs_lib.rehearsal.report.facts import (
    About,
    AssumptionFact,
    CandidateFact,
    DeploymentFact,
    EndpointFact,
    EvidenceFact,
    Facts,
    JobFact,
    OutcomeFact,
    PermissionFact,
    PropertyChange,
    ResourceChange,
    ResourceFact,
    ResourceSpan,
    StackDeployment,
    StepFact,
    Verdict,
)
from constructs_lib.rehearsal.studies import Confusion, Forecast, Importance, Regions, Study, Words

EVIL = "<script>alert(1)</script>"
QUOTED = "a\"b'c & <d>\x1b[31m\x00"

STUDY = Study(
    problem_type="BinaryClassification",
    objective="AUC",
    rows=200,
    positive_class=EVIL,
    importance=Importance(
        method="permutation importance",
        meaning="how much worse AUC gets",
        columns={EVIL: 0.5, QUOTED: 0.1, **{f"column_{number}": -0.01 for number in range(25)}},
    ),
    confusion=Confusion(labels=("no", EVIL), matrix=((120, 20), (26, 34))),
    residuals={"mean": 0.1, "minimum": -3.0, "p10": -1.0, "median": 0.2, "p90": 1.2, "maximum": 40000.0},
    words=Words(method="leave one word out", meaning="how much less probable", labels={EVIL: {QUOTED: 0.4}}),
    regions=Regions(method="occlusion", meaning="accuracy that is lost", rows=((0.1, 0.0), (-0.1, 0.3))),
    forecasts=(
        Forecast(
            item=EVIL,
            moments=("2026-01-01", "2026-01-02", "2026-01-03"),
            truth=(10.0, 12.0, 9.0),
            quantiles={"p10": (8.0, 9.0, 7.0), "p50": (10.5, 11.0, 9.5), "p90": (13.0, 14.0, 12.0)},
        ),
    ),
)

CANDIDATES = (
    CandidateFact(
        rank=1,
        name="WeightedEnsemble-L3-FULL-t1",
        status="Completed",
        metric="AUC",
        value=0.8249,
        seconds=0.2,
        trained_here=EVIL,
        metrics={"AUC": 0.8249, "F1": 0.6},
    ),
    CandidateFact(
        rank=2,
        name=EVIL,
        status="Failed",
        metric="",
        value=None,
        seconds=None,
        trained_here="",
        metrics={},
    ),
)

FULL = Facts(
    verdict=Verdict(
        status="failed",
        reason=f"Plain/Job ended Failed: {EVIL}",
        evidence=[EvidenceFact(title="server log", text=f"{EVIL}\n{QUOTED}\n{'a very long line ' * 30}")],
        checks=2,
        seconds=12.5,
    ),
    about=About(
        app="/home/me/app",
        stacks=["Loans", EVIL],
        account="123456789012",
        region="us-east-1",
        began="2026-11-30T15:23:12+00:00",
        library="0.1.0",
    ),
    steps=[
        StepFact(
            number=1, title="cdk synth", status="passed", began=0.0, seconds=3.0, checks=["one", EVIL], notes=[QUOTED]
        ),
        StepFact(number=2, title="cdk deploy", status="failed", began=3.0, seconds=9.5, checks=[], notes=[]),
    ],
    jobs=[
        JobFact(
            name="loans-job",
            status="Failed",
            stage="TrainingModels",
            failure_reason=EVIL,
            seconds=3.0,
            smaller_is_better=False,
            notes=[EVIL],
            candidates=CANDIDATES,
            study=STUDY,
        )
    ],
    outcomes=[OutcomeFact(outcome="Loans/Outcome", job="loans-job", gate="missed: AUC is 0.5", result="s3://b/r.json")],
    endpoints=[
        EndpointFact(
            endpoint="loans",
            jobs=["loans-job", "loans-job-2"],
            candidate="t1",
            asked="3 rows of the training data",
            answer=EVIL,
            as_the_model=True,
            response_keys=["probability"],
            asked_meanwhile=24,
        )
    ],
    outputs={"Loans": {"Name": QUOTED}},
    deployments=[
        DeploymentFact(step="cdk deploy", stacks=[StackDeployment(stack="Loans", changes=(), resources=())]),
        DeploymentFact(
            step="an update that trains again",
            stacks=[
                StackDeployment(
                    stack="Loans",
                    changes=[
                        ResourceChange(
                            change="changed",
                            logical_id="Job",
                            type="Custom::SageMakerAutoMLJob",
                            properties=[
                                PropertyChange(path="Properties.Revision", before='"1"', after=f'"{EVIL}"'),
                                PropertyChange(path="Properties.New", before=None, after="7" * 400),
                                PropertyChange(path="Properties.Old", before="7", after=None),
                            ],
                        ),
                        ResourceChange(change="added", logical_id=EVIL, type="AWS::SNS::Topic", properties=()),
                    ],
                    resources=[
                        ResourceSpan(
                            logical_id="Job",
                            type="Custom::SageMakerAutoMLJob",
                            status="CREATE_FAILED",
                            reason=EVIL,
                            began=0.5,
                            seconds=2.0,
                        )
                    ],
                )
            ],
        ),
    ],
    resources=[
        ResourceFact(stack="Loans", logical_id="Results", type="AWS::S3::Bucket", kept=True),
        ResourceFact(stack="Loans", logical_id="Job", type="Custom::SageMakerAutoMLJob", kept=False),
    ],
    permissions=[
        PermissionFact(
            stack="Loans",
            holder="role R",
            says="May call s3:GetObject on any resource.",
            actions=["s3:GetObject"],
            resources=["*"],
        )
    ],
    real=["the data"],
    played=["SageMaker by this library"],
    not_shown=[EVIL],
    retained=["bucket results"],
    assumptions=[
        AssumptionFact(id="role-text", assumed=EVIL, if_wrong="the `deployment` fails", noticed="The deployment fails")
    ],
)

PASSED = replace(FULL, verdict=Verdict(status="passed", reason="", evidence=(), checks=20, seconds=100.9))
EMPTY = Facts(
    verdict=Verdict(status="could not start", reason="no app", evidence=(), checks=0, seconds=0.0),
    about=About(app="", stacks=[], account="", region="", began="2026-11-30T15:23:12+00:00", library=""),
    steps=[],
)
