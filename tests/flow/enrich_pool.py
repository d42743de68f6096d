"""A pipeline whose look-ups are shared by a pool of workers, and what the service saw of them."""
import json

from lookup_local import LookupLocal
from pipeline import Pipeline
from standpipe_run import wait_for

SRC = "00112233aabbccdd"
TEXT = """\
pipeline: places
stages:
  locate:
    enrich:
      http: {url: "%(url)s/geo/{country}?city={city}", timeout: 2s, allow_cidr: [127.0.0.0/8]}
      set: {lat: {at: /results/0/lat, as: number}}
%(more)s
    retry: {attempts: 20, wait: 50ms..500ms}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: locate}
  - {from: locate, to: ship}
"""
MOST_AT_ONCE = 200


class EnrichPool(Pipeline):
    """Use as a context. `more`: lines of the stage's settings."""

    def __init__(self, folder, *more, workers=8, **options):
        super().__init__(folder, **options)
        folder.mkdir(parents=True, exist_ok=True)
        self.more, self.enrichers, self.sent = more, [f"enrich-{i + 1}" for i in range(workers)], 0
        self.lookup = LookupLocal("--invent", "--key", "country,city")

    def __enter__(self):
        super().__enter__()
        try:
            self.lookup.start()
            self.apply(TEXT % {"url": self.lookup.url, "more": "\n".join("      " + line for line in self.more)})
            self.start("dispatch", *self.enrichers, "deliver-1")
        except BaseException as failure:
            self.__exit__(type(failure), failure, None)
            raise
        return self

    def __exit__(self, *failure):
        super().__exit__(*failure)
        self.lookup.stop()

    def feed(self, cities, an_entry=100):
        """A document a city, and so many of them an entry."""
        for first in range(0, len(cities), an_entry):
            lines = [json.dumps({"sp_id": f"{SRC}-{self.sent + i + 1}-{self.sent + i}", "country": "GB", "city": city})
                     for i, city in enumerate(cities[first:first + an_entry])]
            self.put(data="\n".join(lines), src=SRC, row=self.sent + 1)
            self.sent += len(lines)

    def wait(self, seconds=60):
        wait_for("all of them", lambda: self.books().get("ship:out", 0) >= self.sent, seconds)
        self.rest()

    def wrong(self):
        """Each document came once, with what was looked up."""
        documents = self.documents()
        rows = sorted(int(d["sp_id"].split("-")[1]) for d in documents)
        if rows != list(range(1, self.sent + 1)):
            yield f"{len(rows)} documents of {len(set(rows))} rows came, {self.sent} were sent"
        if without := [d for d in documents if not isinstance(d.get("lat"), (int, float))]:
            yield f"{len(without)} have nothing of what was looked up, like {without[0]}"


def most_in_a_window(times, length):
    """Of times in [t, t + length], wherever t is."""
    times, most, first = sorted(times), 0, 0
    for last, time in enumerate(times):
        while time - times[first] > length:
            first += 1
        most = max(most, last - first + 1)
    return most


def longest_gap(times):
    times = sorted(times)
    return max((after - before for before, after in zip(times, times[1:])), default=0)
