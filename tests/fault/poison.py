"""F29, F30: records that kill their worker, and kills that no record is to blame for. With the stage `flaky` of
tests/flow/flaky.c, between the inbox and the delivery."""
import random
import signal
import time

import checker
from pipeline import Pipeline
from rig import gap
from standpipe_run import BUILD, wait_for

FLEET = ("dispatch", "flaky-1", "flaky-2", "deliver-1", "deliver-2")
PIPELINE = """\
pipeline: poison
stages:
  shaky: {flaky: {}, retry: {attempts: 5, wait: 50ms..200ms}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: shaky}
  - {from: shaky, to: ship}
"""


class Flaky(Pipeline):
    program = BUILD / "tests/flow/flaky"

    def __enter__(self):
        super().__enter__()
        self.apply(PIPELINE)
        return self.start(*FLEET)

    def put_numbers(self, numbers, size, members):
        for at in range(0, len(numbers), size):
            self.put(data="\n".join(f'{{"n":{n},{members(n)}}}' for n in numbers[at:at + size]))

    def supervise(self, seconds):
        """Start again who died, until all is done; the signals that they died of."""
        deaths, deadline = [], time.monotonic() + seconds
        while not self.is_at_rest():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done after {seconds} s and {len(deaths)} deaths")
            for worker in self.workers.values():
                if not worker.is_alive():
                    deaths.append(-worker.process.returncode)
                    worker.start()
            gap(0.02)
        return deaths

    def verdict(self, n, poisonous):
        came = [d["n"] for d in self.documents()]
        letters = [letter["reason"] for letter in self.dead()]
        lost = set(range(n)) - poisonous - set(came)
        ambiguous = self.books().get("ship:ambiguous", 0)
        unexplained = max(0, len(came) - len(set(came)) - ambiguous)
        ids = [d["sp_id"] for d in self.documents()]
        wrong = [*checker.rest(self), *checker.accounts(self), *checker.recounts(self, {"ship": ids})]
        figures = {"rows": n, "lost": len(lost), "duplicates_unexplained": unexplained, "counts_equal": not wrong,
                   "poison": letters.count("poison")}
        if lost or unexplained or set(came) & poisonous:
            wrong.append(f"{len(lost)} lost, {unexplained} doubled, {len(set(came) & poisonous)} poisonous ones delivered")
        if letters != ["poison"] * len(poisonous):
            wrong.append(f"dead letters {letters}")
        return figures, wrong


def poison(ctx):
    """One that calls abort(); in the long run one more that never ends, which takes 30 s of computing a death."""
    n, bad = 2000, {777} if ctx.short else {777, 1234}
    with Flaky(ctx.folder, lease="2s") as p:
        p.put_numbers(range(n), 50, lambda i: f'"abort":{int(i == 777)},"loop":{int(i == 1234 and not ctx.short)}')
        wait_for("all to be in", lambda: p.books().get("shaky:in") == n)
        deaths = p.supervise(1200)
        figures, wrong = p.verdict(n, bad)
        if not ctx.short and signal.SIGPROF not in deaths:
            wrong.append("nobody died of the endless loop")
        return {"deaths": len(deaths), **figures}, wrong


def innocence(ctx):
    """kill -9 at moments drawn from a seed; no record is to blame."""
    kills, n = (60, 6000) if ctx.short else (1000, 60_000)
    draw = random.Random(ctx.seed)
    with Flaky(ctx.folder, lease="2s") as p:
        for i in range(kills):
            numbers = range(i * n // kills, (i + 1) * n // kills)
            p.put_numbers(numbers, 10, lambda k: f'"slow":{int(k % 10 == 0)},"retry":{int(k % 50 == 1)}')
            p.worker(draw.choice(FLEET)).restart()
            gap(draw.uniform(0, 0.06))
        p.supervise(120)
        figures, wrong = p.verdict(n, set())
        return {"kills": kills, **figures}, wrong


ROWS = [("F29", "poison record kills its worker", poison), ("F30", "kills at random blame no record", innocence)]
