"""Makes the folder digits/ from the data that scikit-learn brings along. See README.md.

python make.py
"""

from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits

PER_CLASS = 40
SIDE = 32
MOST_INK = 16


def main() -> None:
    """Write the first images of each digit, one folder per digit, beside this file."""
    digits = load_digits()
    written = dict.fromkeys(range(10), 0)
    for pixels, digit in zip(digits.images, digits.target.tolist(), strict=True):
        if written[digit] == PER_CLASS:
            continue
        folder = Path(__file__).with_name("digits") / str(digit)
        folder.mkdir(parents=True, exist_ok=True)
        brightness = (pixels * 255 / MOST_INK).astype("uint8")
        picture = Image.fromarray(brightness).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        picture.save(folder / f"{digit}-{written[digit]:02}.png", optimize=True)
        written[digit] += 1


if __name__ == "__main__":
    main()
