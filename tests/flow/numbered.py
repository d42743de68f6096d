"""Files of numbered rows, with some that nobody can read and some that are dropped, and what has to become of each: the
input of everything that kills, pauses and cuts."""
from checker import check

PIPELINE = """\
pipeline: kills
stages:
  rows: {{split: {{format: csv}}}}
  tidy:
    high: 2MiB
    normalise: {{fields: {{n: {{parse: integer, required: true}}, text: {{}}}}}}
  ship:
    high: 2MiB
    deliver: {{linger: 20ms, firehose: {{stream: out, region: eu-west-1, record_bytes: 16KiB, call_bytes: {call}}}}}
routes:
  - {{from: inbox, to: rows}}
  - {{from: rows, to: tidy}}
  - {{from: tidy, when: 'n % 1000 == 999', drop: thousandth}}
  - {{from: tidy, to: ship}}
counts:
  by_text: {{on: tidy, key: text}}
"""


class Rows:
    """A file of numbered rows, from `first` on, and what has to become of each."""

    def __init__(self, p, n, name="rows.csv", first=0):
        self.n, self.first = n, first
        text = bytearray(b"n,text\n")
        self.offsets = []
        for i in range(first, first + n):
            self.offsets.append(len(text))
            text += b"%s,t%d and some more text\n" % (b"none" if self.is_dead(i) else b"%d" % i, i % 7)
        self.path = p.write(name, bytes(text))
        self.job = p.send(self.path)

    @staticmethod
    def is_dead(i):
        return i % 500 == 7

    @staticmethod
    def is_dropped(i):
        return i % 1000 == 999

    def numbers(self):
        return range(self.first, self.first + self.n)

    def delivered(self):
        """The numbers that have to come."""
        return [i for i in self.numbers() if not self.is_dead(i) and not self.is_dropped(i)]

    def id(self, src, i):
        return f"{src}-{i - self.first + 1}-{self.offsets[i - self.first]}"

    def ids(self, src):
        return [self.id(src, i) for i in self.delivered()]

    def wrong(self, p):
        """What its job and its source say that is not so."""
        job = p.job(self.job)
        if job.get("state") != "done":
            yield f"{self.path.name}: the job is not done: {job}"
            return
        source = p.sources()[job["src"]]
        for name, expected in (("rows", self.n), ("dead", sum(map(self.is_dead, self.numbers()))),
                               ("filtered", sum(map(self.is_dropped, self.numbers())))):
            if int(source.get(name, 0)) != expected:
                yield f"{self.path.name}: {source.get(name, 0)} {name}, not {expected}"

    def check(self, p):
        """When it is the only file."""
        wrong = list(self.wrong(p))
        assert not wrong, wrong
        assert p.counts("by_text")["total"] == by_text([self])
        check(p, self.ids(p.job(self.job)["src"]))


def by_text(files):
    """The counts that several of them have to make."""
    found = {}
    for rows in files:
        for i in rows.delivered():
            key = f"t{i % 7} and some more text"
            found[key] = found.get(key, 0) + 1
    return found
