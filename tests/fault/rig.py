"""A pipeline that is going to suffer: numbered rows in, a fleet that is killed and paused, and the checker behind it. What
it sees on the way (memory, entries in the hands of a deliverer when it was killed) it keeps, because the dead tell nothing."""
import collections
import re
import time

import checker
from numbered import PIPELINE, Rows, by_text
from pipeline import ALL_PENDING, Pipeline
from standpipe_run import STANDPIPE, wait_for

FLEET = ("dispatch", "split-1", "normalise-1", "normalise-2", "deliver-1", "deliver-2")
DURABLE = {"appendonly": "yes", "appendfsync": "always", "aof-load-truncated": "no", "auto-aof-rewrite-min-size": "4gb"}
WORKER_KIB, REDIS_KIB = 64 << 10, 256 << 10  # bounds of VmHWM
DOCUMENT = re.compile(rb'^\{"sp_id":"([0-9a-f]{16}-\d+-\d+)".*"n":(\d+)[,}]', re.M)
IS_SANITIZED = b"__asan_init" in STANDPIPE.read_bytes()
SP_ID = re.compile(r'^\{"sp_id":"([^"]+)"', re.M)


def gap(seconds):
    """A pause that belongs to the schedule: the time to the next fault, or how long one lasts. Nothing is hoped to be true
    behind it; what has to be, is waited for with wait_for."""
    time.sleep(seconds)


def peak_kib(pid):
    """VmHWM of a process that still runs, 0 when it has just gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            found = re.search(r"VmHWM:\s+(\d+)", file.read())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0


class Rig(Pipeline):
    def __init__(self, folder, lease="30s", call="64KiB", fleet=FLEET, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, lease, **{**DURABLE, **settings})
        self.text = PIPELINE.format(call=call)
        self.fleet, self.files = fleet, []
        self.sink = None  # address of a proxy in front of firehose-local, for what is started from now on
        self.peaks = collections.Counter()
        self.in_hand = set()  # ids of the documents that a deliverer held when it was killed or paused

    def __enter__(self):
        super().__enter__()
        try:
            self.apply(self.text)
            self.start_fleet()
        except BaseException as failure:
            self.__exit__(type(failure), failure, None)  # a with that never began does not end
            raise
        return self

    def start_fleet(self):
        if self.fleet:
            self.start(*self.fleet)
            wait_for("all of them to have started", lambda: len(self.said("event=started")) == len(self.fleet))

    def __exit__(self, *failure):
        super().__exit__(*failure)

    @property
    def environment(self):
        return {**super().environment, "AWS_ENDPOINT_URL_FIREHOSE": self.sink or self.firehose.url}

    def through(self, address, *names):
        """From now on these workers talk to a proxy: a socket in front of Redis, or a URL in front of the destination."""
        for name in names:
            if address.startswith("http:"):
                self.sink = address
            else:
                self.worker(name).address = address
            self.worker(name).restart()

    # Rows.

    def feed(self, n):
        """One more file, its numbers going on where the last one ended."""
        first = self.files[-1].first + self.files[-1].n if self.files else 0
        self.files.append(Rows(self, n, f"rows-{len(self.files)}.csv", first))
        return self.files[-1]

    @property
    def rows(self):
        return sum(rows.n for rows in self.files)

    # Faults.

    def note_peak(self, name):
        process = {"redis": self.redis, "firehose": self.firehose}.get(name, self.workers.get(name)).process
        if process and process.poll() is None:
            kind = name.partition("-")[0]
            self.peaks[kind] = max(self.peaks[kind], peak_kib(process.pid))

    def note_peaks(self):
        for name in ("redis", *self.workers):
            self.note_peak(name)

    def note_in_hand(self, *names):
        """The entries whose fate only these deliverers knew. Both answers are of one moment: at the next, another may have
        taken an entry and committed it."""
        topic = self.topic("ship")
        with self.r.pipeline() as transaction:
            pending, entries = transaction.xpending_range(topic, *ALL_PENDING).xrange(topic).execute()
        ids = {e["message_id"] for e in pending if e["consumer"].partition(":")[0] in names}
        for id, fields in entries:
            if id in ids:
                self.in_hand.update(SP_ID.findall(fields["data"]))

    def kill(self, name):
        self.note_peak(name)
        super().kill(name)
        if name.startswith("deliver"):
            self.note_in_hand(name)

    # The end.

    def delivered(self, stream="out"):
        """Each id at the destination with the number that its document carries."""
        found = []
        for path in sorted((self.firehose.folder / stream).rglob("*")):
            if path.is_file() and path.name != ".meter":
                found += [(id.decode(), int(n)) for id, n in DOCUMENT.findall(path.read_bytes())]
        return found

    def verdict(self, noted=True, forgotten=0):
        """Figures and what is wrong. `noted`: second copies must come from entries that were seen in the hands of a
        deliverer when it was hit; without, the books' `ambiguous` alone has to cover them. `forgotten`: deliveries that
        Redis knew of and forgot, as they were counted: each may come again, and no book can say so."""
        self.note_peaks()
        came = self.delivered()
        ids = [id for id, _ in came]
        seen = collections.Counter(ids)
        copied = [id for id, n in seen.items() if n > 1]
        expected = {rows.id(p["src"], i): i for rows in self.files for p in [self.job(rows.job)] if "src" in p
                    for i in rows.delivered()}
        ambiguous = self.books().get("ship:ambiguous", 0)
        copies = len(ids) - len(seen)
        unbooked = max(0, copies - ambiguous - forgotten)
        unseen = sorted(set(copied) - self.in_hand) if noted else []
        lost = len(expected.keys() - seen.keys())
        counted = self.counts("by_text").get("total", {})
        accounts = [w for rows in self.files for w in rows.wrong(self)]
        accounts += [*checker.rest(self), *checker.accounts(self), *checker.recounts(self, {"ship": ids}),
                     *checker.sources(self, {"ship": ids}, False)]
        if counted != by_text(self.files):
            accounts.append(f"counts are {counted}, not {by_text(self.files)}")
        wrong = list(accounts)
        if lost:
            wrong.append(f"{lost} lost, like {sorted(expected.keys() - seen.keys())[:3]}")
        if foreign := seen.keys() - expected.keys():
            wrong.append(f"{len(foreign)} unexpected, like {sorted(foreign)[:3]}")
        if unbooked:
            wrong.append(f"{copies} copies came, {unbooked} more than the books explain: {ambiguous} were ambiguous")
        if unseen:
            wrong.append(f"{len(unseen)} records came twice that no deliverer held when it was hit, like {unseen[:3]}")
        if other := [id for id, n in came if expected.get(id, n) != n]:
            wrong.append(f"{len(other)} have another content, like {other[:3]}")
        wrong += [*self.audit(), *self.too_large(), *self.reports()]
        figures = {"rows": self.rows, "lost": lost, "copies": copies, "ambiguous": ambiguous,
                   "duplicates_unexplained": max(unbooked, len(unseen)), "counts_equal": not accounts}
        return figures, wrong

    def audit(self):
        """The product's own recount has to agree with ours."""
        done = self.command("audit")
        if done.returncode != 0:
            yield f"standpipe audit says {done.returncode}: {done.stdout}{done.stderr}"

    def too_large(self):
        """AddressSanitizer takes memory of its own: nothing is said of a process that runs with it."""
        if IS_SANITIZED:
            return
        for kind, kib in self.peaks.items():
            bound = REDIS_KIB if kind == "redis" else WORKER_KIB
            if kib > bound:
                yield f"{kind} took {kib} KiB, its bound is {bound}"

    def reports(self):
        """What a sanitizer said of a worker, also of one that is dead by now."""
        for name, worker in self.workers.items():
            for line in worker.log.read_text(errors="replace").splitlines():
                if "ERROR: AddressSanitizer" in line or "ERROR: LeakSanitizer" in line or ": runtime error: " in line:
                    yield f"{name}: {line}"
