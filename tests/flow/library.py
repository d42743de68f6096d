"""Our function library as Redis takes it, and its calls with named arguments."""
import pathlib
import re

import embed

LUA = pathlib.Path(__file__).resolve().parents[2] / "lua"


def library_text():
    build = (LUA / "meson.build").read_text()
    name = re.search(r"'(standpipe_\d+)'", build)[1]
    return embed.join(name, [LUA / file for file in re.findall(r"'(\w+\.lua)'", build)])


def load_library(client):
    client.function_load(library_text(), replace=True)


def moves(fields):
    return [len(fields), *(x for pair in fields.items() for x in pair)]


class Commit:
    """One commit, to be sent as often as wanted. `outputs`: {topic: [entry, ...]}; `hashes`: {key: {field: delta}} or
    {key: (expire, {field: delta})}; `job`: (key, expected, expire, {field: value}); `notes`: (key, field, reading);
    `parts`: [(kind, keys, args), ...]."""

    def __init__(self, topic, ids, me, outputs=None, hashes=None, job=None, mode="del", low="", channel="", group="sp", notes=None,
                 parts=None):
        self.topic, self.ids, self.me, self.mode, self.group = topic, ids, me, mode, group
        self.outputs, self.hashes, self.job = outputs or {}, hashes or {}, job
        self.low, self.channel, self.notes, self.parts = low, channel, notes, parts or []

    def keys(self):
        return [self.topic, *self.outputs, *self.hashes, *([self.job[0]] if self.job else []),
                *([self.notes[0]] if self.notes else []), *(key for _, keys, _ in self.parts for key in keys)]

    def args(self):
        args = [self.group, self.me, self.mode, len(self.ids), *self.ids]
        args += [len(self.outputs), *(len(entries) for entries in self.outputs.values()), len(self.hashes)]
        for fields in self.hashes.values():
            expire, fields = fields if isinstance(fields, tuple) else (0, fields)
            args += [expire, *moves(fields)]
        args.append((1 if self.job else 0) + (2 if self.parts else 0))
        args += [sum(len(keys) for _, keys, _ in self.parts)] if self.parts else []
        args += [self.job[1], self.job[2], *moves(self.job[3])] if self.job else []
        args += [self.low, self.channel, *(self.notes[1:] if self.notes else [])]
        args += [len(self.parts)] if self.parts else []
        return args + [x for kind, keys, said in self.parts for x in (kind, len(keys), *said)]

    def send(self, client, function="sp1_settle", keys=None, args=None):
        """The answers of EXEC in order, errors as values; the last one decides."""
        keys, args = keys or self.keys(), self.args() if args is None else args
        with client.pipeline(transaction=True) as p:
            for topic, entries in self.outputs.items():
                for entry in entries:
                    p.xadd(topic, entry)
            p.fcall(function, len(keys), *keys, *args)
            return p.execute(raise_on_error=False)

    def settle(self, client, **changed):
        return self.send(client, **changed)[-1]

    def settle_oom(self, client, args=None):
        """Alone, with the entries behind the arguments."""
        keys = self.keys()
        try:
            return client.fcall("sp1_settle_oom", len(keys), *keys, *(self.args_oom() if args is None else args))
        except Exception as e:  # as a value, like EXEC does
            return e

    def args_oom(self):
        entries = [entry for entries in self.outputs.values() for entry in entries]
        return self.args() + [x for e in entries for x in (2 * len(e), *(y for pair in e.items() for y in pair))]


def dump(client):
    """Everything in the database that anybody could notice, without idle times, ids handed out and
    how many entries were undone: an undone one was added."""
    state = {}
    for key in sorted(client.keys()):
        kind = client.type(key)
        if kind == "stream":
            groups = {g["name"]: sorted((p["message_id"], p["consumer"], p["times_delivered"])
                                        for p in client.xpending_range(key, g["name"], "-", "+", 10000))
                      for g in client.xinfo_groups(key)}
            state[key] = (client.xrange(key), groups)
        elif kind == "hash":
            fields = {name: value for name, value in client.hgetall(key).items() if not name.endswith(":removed")}
            if fields:
                state[key] = (fields, client.execute_command("PEXPIRETIME", key))
        else:
            state[key] = client.dump(key)
    return state
