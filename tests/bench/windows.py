#!/usr/bin/python3
"""What a window costs: CPU seconds of normalise and of Redis for a million records, without one, and with one of three values
and 200 groups. Usage: tests/bench/windows.py [RECORDS]; the programs come from STANDPIPE_BUILD."""
import os
import pathlib
import random
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/flow"))
from pipeline import Pipeline  # noqa: E402

TEXT = """\
pipeline: cost
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {at: {}, agent: {}, price: {parse: number}, title: {}, n: {}}}}
  ship: {deliver: {firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""
WINDOW = """\
windows:
  hourly: {on: tidy, key: agent, every: 1h, time: at, lateness: 1d, values: {n: count, total: {sum: price}, high: {max: price}}}
"""
FIRST = 1_700_002_800  # an hour begins


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows(n):
    """Events as they come: an hour has a third of them."""
    draw = random.Random(1)
    yield "at,agent,price,title,n\n"
    for i in range(n):
        at = FIRST + i * 3 * 3600 // n
        yield f"{at},agent {draw.randrange(200)},{draw.randrange(10**6) / 100:.2f},a title of some length for number {i},{i}\n"


def cost(text, n):
    memory = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder, Pipeline(folder, appendonly="yes") as p:
        p.apply(text)
        p.start()
        p.send(p.write("a.csv", "".join(rows(n))))
        p.rest(600)
        assert p.books()["ship:out"] == n
        return [cpu_s(pid) * 1e6 / n for pid in (p.worker("normalise-1").pid, p.redis.process.pid)]


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    plain, summed = cost(TEXT, n), cost(TEXT + WINDOW, n)
    for name, without, with_one in zip(("normalise", "redis"), plain, summed):
        print(f"{name:9} {without:6.2f} s without, {with_one:6.2f} s with a window: {with_one - without:+.2f} s a million records")


if __name__ == "__main__":
    main()
