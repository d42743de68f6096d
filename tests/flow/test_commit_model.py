"""Random commits of several consumers, with notes of what they send, zombies, repeats, deaths and a full Redis, against a model in Python: the
answer of each is foretold, and the data compared."""
import collections
import random

import pytest

from library import Commit

NOTES, IN, OUT, ALSO, BOOKS, COUNT = "sp:{0}:sent:a", "sp:{0}:a", "sp:{0}:b", "sp:{0}:c", "sp:{0}:books", "sp:{0}:count:x:1"
STEPS = 1500


class Model:
    def __init__(self, r, seed):
        self.r, self.rng = r, random.Random(seed)
        self.owner = {}  # id -> consumer, of all that are pending
        self.unread, self.names = [], [f"w{i}" for i in range(4)]
        self.held = collections.defaultdict(list)  # what each consumer believes is its own
        self.notes = {}  # id -> (sent by others, by the last reading, its name)
        self.counts, self.out, self.sent = collections.Counter(), {OUT: [], ALSO: []}, []
        self.answers = collections.Counter()
        r.xgroup_create(IN, "sp", "0", mkstream=True)

    def produce(self):
        self.unread += [self.r.xadd(IN, {"data": "x"}) for _ in range(self.rng.randint(1, 6))]

    def read(self):
        me, n = self.rng.choice(self.names), self.rng.randint(1, 8)
        got = [id for _, es in self.r.xreadgroup("sp", me, {IN: ">"}, count=n) for id, _ in es]
        assert got == self.unread[:n]
        self.unread = self.unread[n:]
        self.held[me] += got
        self.owner.update(dict.fromkeys(got, me))

    def steal(self):
        """Another takes some of what is pending; the former owner does not notice and is a zombie from now on."""
        if self.owner:
            thief = self.rng.choice(self.names)
            ids = self.rng.sample(sorted(self.owner), min(3, len(self.owner)))
            self.r.xclaim(IN, "sp", thief, 0, ids)
            self.held[thief] += [id for id in ids if id not in self.held[thief]]
            self.owner.update(dict.fromkeys(ids, thief))

    def die(self):
        dead, heir = self.rng.sample(self.names, 2)
        lot = [id for id, name in self.owner.items() if name == dead]
        for at in range(0, max(len(lot), 1), 20):
            answer = self.r.fcall("sp1_adopt", 1, IN, "sp", dead, heir, 20)
            assert answer == [len(lot[at:at + 20]), int(at + 20 < len(lot)), 0]
        self.owner.update(dict.fromkeys(lot, heir))
        self.held[heir] += [id for id in lot if id not in self.held[heir]]

    def reading(self, me):
        return f"{me}-{self.rng.randint(0, 1)}"

    def others(self, id, reading):
        others, mine, who = self.notes.get(id, (0, 0, reading))
        return others if who == reading else others + mine

    def note(self):
        me = self.rng.choice(self.names)
        ids = self.rng.sample(self.held[me], min(self.rng.randint(1, 5), len(self.held[me])))
        if not ids:
            return
        reading, sent = self.reading(me), self.rng.randint(1, 9)
        answer = self.r.fcall("sp1_note", 2, IN, NOTES, "sp", me, reading, len(ids), *(x for id in ids for x in (id, sent)))
        assert answer == [int(self.owner.get(id) == me) for id in ids]
        for id, is_mine in zip(ids, answer):
            self.answers["noted" if is_mine else "not to be sent"] += 1
            if is_mine:
                self.notes[id] = (self.others(id, reading), sent, reading)

    def commit(self):
        me = self.rng.choice(self.names)
        ids = self.rng.sample(self.held[me], min(self.rng.randint(1, 5), len(self.held[me])))
        if not ids:
            return
        if self.rng.random() < 0.7:
            ids.sort(key=lambda id: [int(x) for x in id.split("-")])
        mark = len(self.sent)
        outputs = {topic: [{"commit": mark, "i": i} for i in range(self.rng.randint(0, 4))]
                   for topic in self.rng.sample([OUT, ALSO], self.rng.randint(0, 2))}
        hashes = {BOOKS: {"a": -len(ids), "b": self.rng.randint(-9, 9)}, COUNT: {f"k{self.rng.randint(0, 5)}": 1}}
        self.sent.append(Commit(IN, ids, me, outputs, hashes, mode=self.rng.choice(["del", "del", "keep"]),
                                notes=self.rng.choice([None, (NOTES, "ambiguous", self.reading(me))])))
        self.send(self.sent[-1])

    def repeat(self):
        if self.sent:
            self.send(self.rng.choice(self.sent))

    def send(self, c):
        answer = c.settle_oom(self.r) if self.rng.random() < 0.2 else c.settle(self.r)
        assert (answer if isinstance(answer, list) else str(answer)) == self.foretell(c)
        self.held[c.me] = [id for id in self.held[c.me] if id not in c.ids or self.owner.get(id) == c.me]

    def foretell(self, c):
        for id in c.ids:
            if self.owner.get(id) != c.me:
                word = f"FENCED {id} {self.owner[id]}" if id in self.owner else f"DONE {id}"
                self.answers[word.split()[0]] += 1
                return word
        self.answers["committed"] += 1
        for id in c.ids:
            del self.owner[id]
        for topic, entries in c.outputs.items():
            self.out[topic] += [{k: str(v) for k, v in e.items()} for e in entries]
        values = []
        for key, fields in c.hashes.items():
            for field, delta in fields.items():
                self.counts[key, field] += delta
                values.append(self.counts[key, field])
        if c.notes and (sent := sum(self.others(id, c.notes[2]) for id in c.ids)):
            self.answers["ambiguous"] += 1
            self.counts[BOOKS, "ambiguous"] += sent
            values.append(self.counts[BOOKS, "ambiguous"])
        for id in c.ids if c.notes else []:
            self.notes.pop(id, None)
        return values

    def compare(self):
        pending = {p["message_id"]: p["consumer"] for p in self.r.xpending_range(IN, "sp", "-", "+", 100000)}
        assert pending == self.owner
        assert self.r.hgetall(NOTES) == {id: "%d %d %s" % note for id, note in self.notes.items()}
        for topic, entries in self.out.items():
            assert [fields for _, fields in self.r.xrange(topic)] == entries
        for key in (BOOKS, COUNT):
            fields = {f: v for f, v in self.r.hgetall(key).items() if not f.endswith(":removed")}
            assert fields == {f: str(v) for (k, f), v in self.counts.items() if k == key}
        for topic in (IN, OUT, ALSO):
            info = self.r.xinfo_stream(topic) if self.r.exists(topic) else {"entries-added": 0, "length": 0}
            removed = int(self.r.hget(BOOKS, topic.rpartition(":")[2] + ":removed") or 0)
            assert info["entries-added"] - info["length"] == removed, topic


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_commits(r, seed):
    m = Model(r, seed)
    moves = [m.produce] * 3 + [m.read] * 3 + [m.note] * 4 + [m.commit] * 6 + [m.repeat] * 2 + [m.steal] + [m.die]
    for step in range(STEPS):
        m.rng.choice(moves)()
        if step % 100 == 99:
            m.compare()
    assert all(m.answers[word] > 20 for word in ("committed", "FENCED", "DONE", "noted", "not to be sent", "ambiguous")), m.answers
