#!/usr/bin/env bash
# One would expect that `pandas.read_csv` gives a column the same type with each of its engines, and that the faster one,
# `engine="pyarrow"`, is a safe way to look at a large table before an AutoML job trains on it.
# What happens: cells such as 0x1A are text to the engines "c" and "python" and whole numbers to "pyarrow" (Arrow's own
# reader says so too), and a column of whole numbers of which one is written +5 becomes decimals there. Nothing warns.
# Why it matters to people who run AutoML jobs through CDK: Autopilot's ENSEMBLING mode is AutoGluon, which reads with
# pandas' default engine. A check of the data in Arrow, or a Parquet file that was made with it, shows a numeric column
# where the job learns from text with one category for each code, and a target of such codes changes from classes to a
# regression.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install pandas==3.1.1 pyarrow==26.0.1
cat > "$work/read.py" <<'PY'
import io
from importlib.metadata import version

import pandas
from pyarrow import csv

print("pandas", version("pandas"), "pyarrow", version("pyarrow"))
CODES = b"code,churned\n0x10,yes\n0x1A,no\n0x2B,yes\n"
PLUS = b"change,churned\n+5,yes\n2,no\n"


def kinds(table, column):
    read = {engine: pandas.read_csv(io.BytesIO(table), engine=engine)[column] for engine in ("c", "python", "pyarrow")}
    for engine, cells in read.items():
        print(f"{column:7} {engine:8} {str(cells.dtype):8} {cells.tolist()}")
    return {engine: cells.dtype.kind for engine, cells in read.items()}


codes, plus = kinds(CODES, "code"), kinds(PLUS, "change")
arrow = str(csv.read_csv(io.BytesIO(CODES)).schema.field("code").type)
print("code    Arrow's reader alone:", arrow)
assert codes["c"] == codes["python"] != codes["pyarrow"] == "i", codes
assert (plus["c"], plus["python"], plus["pyarrow"]) == ("i", "i", "f"), plus
assert arrow == "int64", arrow
PY
"$work/venv/bin/python" "$work/read.py"
