"""Makes instructions.csv, all of it by these rules and a fixed seed. See README.md.

python make.py
"""

import csv
import random
from pathlib import Path

ROWS = 1_000
PEOPLE = ("Ada", "Ben", "Chen", "Dana", "Emre", "Fatou", "Grace", "Hugo", "Ines", "Jonas")
THINGS = ("a kettle", "two chairs", "a desk lamp", "a garden hose", "three towels", "a bicycle bell", "a radio")
TROUBLES = {
    "arrived broken": "We are sorry that it arrived broken. A replacement is on its way to you, free of charge.",
    "has not arrived": "We are sorry for the delay. We will ask where it is and write to you tomorrow.",
    "is the wrong colour": "We are sorry for the mix-up. Keep it or send it back, the right colour is on its way.",
    "was charged twice": "Thank you for telling us. The second payment goes back to your account within three days.",
}


def main() -> None:
    """Write instructions.csv beside this file."""
    draw = random.Random(0)  # noqa: S311 - made-up letters, no secret
    with Path(__file__).with_name("instructions.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["input", "output"])
        for number in range(ROWS):
            person, thing = draw.choice(PEOPLE), draw.choice(THINGS)
            trouble, answer = draw.choice(list(TROUBLES.items()))
            order = f"{draw.randint(10_000, 99_999)}-{number:03}"
            writer.writerow(
                [
                    f"Answer this customer: I am {person}. My order {order} of {thing} {trouble}.",
                    f"Dear {person}, thank you for writing about order {order}. {answer}",
                ]
            )


if __name__ == "__main__":
    main()
