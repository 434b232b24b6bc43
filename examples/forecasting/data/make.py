"""Makes macro.csv from the data that statsmodels brings along. See README.md.

python make.py
"""

import csv
from pathlib import Path

from statsmodels.datasets import macrodata

ITEMS = {
    "realgdp": "gdp",
    "realcons": "consumption",
    "realinv": "investment",
    "realgovt": "government",
    "realdpi": "income",
    "cpi": "prices",
    "m1": "money",
}
"""Columns of the source, and what they are called here."""


def main() -> None:
    """Write macro.csv beside this file."""
    table = macrodata.load_pandas().data
    with Path(__file__).with_name("macro.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["series", "quarter", "value"])
        for column, item in ITEMS.items():
            for year, quarter, value in zip(table["year"], table["quarter"], table[column], strict=True):
                writer.writerow([item, f"{year:.0f}-{quarter * 3 - 2:02.0f}-01", value])


if __name__ == "__main__":
    main()
