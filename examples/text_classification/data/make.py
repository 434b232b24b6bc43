"""Makes definitions.csv from WordNet 3.0 as Debian packages it. See README.md.

apt-get download wordnet-base && dpkg-deb -x wordnet-base_*.deb wordnet
python make.py wordnet/usr/share/wordnet/data.noun
"""

import csv
import hashlib
import random
import sys
from pathlib import Path

SHA256 = "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2"

TOPICS = {"05": "animal", "06": "artifact", "13": "food", "17": "natural_object", "20": "plant", "21": "possession"}
"""WordNet's lexicographer files of nouns, and what their definitions are about."""

ROWS_PER_TOPIC = 200


def _definitions(text: str) -> dict[str, list[str]]:
    """The definitions of each topic, without the examples of use that follow some of them."""
    found: dict[str, list[str]] = {topic: [] for topic in TOPICS.values()}
    for line in text.splitlines():
        if line.startswith("  "):
            continue  # the licence at the head of the file
        entry, _, gloss = line.partition(" | ")
        topic = TOPICS.get(entry.split()[1])
        definition = gloss.split('; "')[0].strip()
        if topic and len(definition.split()) >= 5:
            found[topic].append(definition)
    return found


def main(source: str) -> None:
    """Write definitions.csv beside this file."""
    content = Path(source).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        sys.exit(f"{source} is not the file that definitions.csv was made from")
    draw = random.Random(0)  # noqa: S311 - a sample, no secret
    rows = [
        (definition, topic)
        for topic, definitions in _definitions(content.decode()).items()
        for definition in draw.sample(sorted(set(definitions)), ROWS_PER_TOPIC)
    ]
    draw.shuffle(rows)
    with Path(__file__).with_name("definitions.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["definition", "topic"])
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])
