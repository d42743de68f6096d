"""Seeds that found something, kept in tests/fault/seeds/found.txt: `row seed what was found`, one a line."""
import pathlib

FOUND = pathlib.Path(__file__).resolve().parent / "seeds/found.txt"


def seeds(row, path=FOUND):
    words = (line.split(" ", 2) for line in path.read_text().splitlines())
    return [int(seed) for name, seed, _ in words if name == row]


def keep(row, seed, what, path=FOUND):
    if seed not in seeds(row, path):
        with path.open("a") as file:
            file.write(f"{row} {seed} {' '.join(what.split())[:200]}\n")
