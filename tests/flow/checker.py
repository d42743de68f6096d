"""The books against a recount of everything that can be seen: what must be true of a pipeline at rest, whatever died
on the way. Each finding is a sentence; `check` raises with all of them."""
import collections
import json


def consumers(p):
    """Topic to the consumers of its group."""
    return {topic: [c["name"] for c in p.r.xinfo_consumers(topic, "sp")]
            for topic in p.topics() if p.r.exists(topic) and p.r.xinfo_groups(topic)}


def accounts(p):
    """Per topic: what came in is what left and what waits; and what waits is what stands in the topic."""
    books = p.books()
    for stage in p.stages():
        def book(what):
            return books.get(f"{stage}:{what}", 0)
        left = book("dead") + book("filtered")
        entries = p.r.xrange(p.topic(stage))
        if f"{stage}:in" in books and stage not in splitters(p) and \
                book("in") != book("out") + left + book("records"):
            yield f"{stage}: in {book('in')} is not out {book('out')} + dead and filtered {left} + {book('records')}"
        waiting = sum(int(fields.get("n", 0)) for _, fields in entries)
        size = sum(len(fields.get("data", fields.get("uri", "")).encode()) for _, fields in entries if "n" in fields)
        if (book("records"), book("bytes")) != (waiting, size):
            yield f"{stage}: books say {book('records')} records of {book('bytes')} bytes wait, in the topic stand " \
                  f"{waiting} of {size}"


def splitters(p):
    stages = json.loads(p.r.get("sp:pipeline"))["pipeline"]["stages"]
    return [name for name, stage in stages.items() if "split" in stage]


def recounts(p, delivered):
    """Books and sources against the letters and the unique ids at the destination, stage to list of sp_id."""
    books, letters = p.books(), p.dead()
    if books.get("dead:records", 0) != len(letters):
        yield f"books say {books.get('dead:records', 0)} dead letters, there are {len(letters)}"
    size = sum(len(letter.get("data", "").encode()) for letter in letters)
    if books.get("dead:bytes", 0) != size:
        yield f"books say dead letters of {books.get('dead:bytes', 0)} bytes, they have {size}"
    for stage, n in collections.Counter(letter["stage"] for letter in letters).items():
        still = books.get(f"{stage}:dead", 0) - books.get(f"{stage}:redriven", 0) - books.get(f"{stage}:dropped", 0)
        if still != n:
            yield f"{stage}: books say {still} dead that were neither redriven nor dropped, there are {n} letters"
    for stage, ids in delivered.items():
        if books.get(f"{stage}:out", 0) != len(set(ids)):
            yield f"{stage}: books say {books.get(f'{stage}:out', 0)} delivered, {len(set(ids))} ids came"


def sources(p, delivered, forks):
    came = collections.Counter(id.partition("-")[0] for ids in delivered.values() for id in set(ids))
    died = collections.Counter(letter["src"] for letter in p.dead())
    for src, source in p.sources().items():
        rows, good, dead, filtered, still = (int(source.get(name, 0)) for name in
                                             ("rows", "delivered", "dead", "filtered", "open"))
        if not forks and rows != good + dead + filtered + still:
            yield f"source {src}: {rows} rows are not {good} delivered + {dead} dead + {filtered} filtered + {still}"
        if still:
            yield f"source {src}: {still} records are still open"
        if good != came[src]:
            yield f"source {src}: books say {good} delivered, {came[src]} ids came"
        if dead != died[src]:
            yield f"source {src}: books say {dead} dead, there are {died[src]} letters"


def sets(expected, delivered, copies_allowed):
    """Nothing lost, nothing unexpected, nothing twice but what was ambiguous."""
    seen = collections.Counter(id for ids in delivered.values() for id in ids)
    lost, foreign = set(expected) - set(seen), set(seen) - set(expected)
    if lost:
        yield f"{len(lost)} lost, like {sorted(lost)[:3]}"
    if foreign:
        yield f"{len(foreign)} unexpected, like {sorted(foreign)[:3]}"
    for stage, ids in delivered.items():
        copies = len(ids) - len(set(ids))
        if copies > copies_allowed:
            yield f"{stage}: {copies} copies came, {copies_allowed} were ambiguous"


def rest(p):
    """Nothing pending, no entry left, and nothing noted as being sent."""
    for key in p.r.scan_iter("sp:{0}:sent:*"):
        yield f"{key}: {p.r.hlen(key)} notes are left"
    for topic in p.topics():
        if p.r.xlen(topic):
            yield f"{topic}: {p.r.xlen(topic)} entries are left"
        for group in p.r.xinfo_groups(topic) if p.r.exists(topic) else []:
            if group["pending"]:
                yield f"{topic}: {group['pending']} entries are pending"


def check(p, expected=None, streams=None, copies=0, forks=False):
    """`expected`: ids that have to come; `streams`: deliver stage to stream; `copies`: second copies that may be there
    beside those that the books call ambiguous."""
    streams = streams or {"ship": "out"}
    delivered = {stage: [d["sp_id"] for d in p.documents(stream)] for stage, stream in streams.items()}
    ambiguous = sum(n for name, n in p.books().items() if name.endswith(":ambiguous"))
    wrong = [*rest(p), *accounts(p), *recounts(p, delivered), *sources(p, delivered, forks)]
    if expected is not None:
        wrong += sets(expected, delivered, ambiguous + copies)
    assert not wrong, "\n".join(wrong)
