"""F06, F07, F09, F13: Redis forgets, is another one, or cannot write. What the workers have to do about
it is wait and go on by themselves, but for one case: a Redis that holds other data than before."""
import os
import random
import shutil
import socket
import subprocess
import time

import redis
from pipeline import Worker
from redis_server import RedisServer
from rig import Rig, gap
from standpipe_run import DEADLINE_S, wait_for

GIVES_UP = 78


def errors(worker):
    return [line for line in worker.log.read_text(errors="replace").splitlines() if "level=error" in line]


def groups(r):
    return [key for key in r.scan_iter("*", _type="stream") if r.xinfo_groups(key)]


def replaced_by_an_empty_one(p):
    p.kill("redis")
    shutil.rmtree(p.redis.folder)
    p.redis.folder.mkdir()
    p.revive("redis")


def emptied(p):
    p.r.flushall()


def another_mark(p):
    p.r.set("sp:mark", "0" * 32)


def other_data(ctx):
    """Every worker stops by itself with one sentence, and nobody makes groups in the other data set."""
    wrong, slowest = [], 0.0
    for change in (replaced_by_an_empty_one, emptied, another_mark):
        with Rig(ctx.folder / change.__name__) as p:
            p.feed(100_000)
            wait_for("rows to come", lambda: p.books().get("ship:out", 0) > 0)
            change(p)
            begun = time.monotonic()
            for name, worker in p.workers.items():
                status = worker.process.wait(DEADLINE_S)
                said = errors(worker)
                if status != GIVES_UP or len(said) != 1 or "its mark was" not in said[0]:
                    wrong.append(f"{change.__name__}: {name} ended with {status} and said {said}")
            slowest = max(slowest, time.monotonic() - begun)
            if change is not another_mark and (made := groups(p.r)):
                wrong.append(f"{change.__name__}: groups were made in {made}")
    if slowest > ctx.slack * 5:
        wrong.append(f"it took {slowest:.1f} s")
    return {"data_sets": 3, "all_stopped_after_s": round(slowest, 2)}, wrong


# Redis is there, but cannot write.

def is_refusing(p):
    """It says so even to a PING."""
    try:
        p.r.ping()
    except redis.exceptions.ResponseError as answer:
        return "MISCONF" in str(answer)
    return False


def went_on(ctx, p, before, figures, wrong):
    """Behind the end of an outage: work goes on by itself within 5 s, and all of it comes to its end."""
    begun = time.monotonic()
    wait_for("work to go on", lambda: p.books() != before or p.is_at_rest(), 30)
    took = time.monotonic() - begun
    p.firehose.faults()
    p.rest(120)
    of_rows, accounts = p.verdict(noted=False)
    if took > 5 * ctx.slack:
        wrong.append(f"work went on after {took:.1f} s")
    wrong += accounts + [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return {**figures, "work_after_s": round(took, 2), **of_rows, **ctx.peaks(p)}, wrong


def loaded(p, rows=100_000):
    """Work that is going to last a while."""
    p.firehose.faults(latency_ms=20)
    p.feed(rows)
    wait_for("rows to come", lambda: p.books().get("ship:out", 0) > 0)


def failing_snapshots(ctx):
    """`save` is on and a snapshot fails: the same MISCONF as for a full disk."""
    with Rig(ctx.folder) as p:
        loaded(p)
        way = p.redis.folder / "dump.rdb"
        way.mkdir()
        p.r.config_set("save", "3600 1000000")
        p.r.execute_command("BGSAVE")
        wait_for("redis to refuse", lambda: is_refusing(p))
        before, wrong = p.books(), []
        gap(1 if ctx.short else 30)
        shown = p.command("top", "--once")
        if shown.returncode != 0:
            wrong.append(f"standpipe top ended with {shown.returncode}: {shown.stderr[-300:]}")
        way.rmdir()
        p.r.execute_command("BGSAVE")
        wait_for("redis to write", lambda: not is_refusing(p))
        return went_on(ctx, p, before, {}, wrong)


# Redis forgets.

def repair(path):
    """As docs/operations.md tells: Redis 7.0 itself leaves half a transaction in a torn file, and carries that out with the
    start after the next one."""
    (manifest,) = path.parent.glob("*.manifest")
    done = subprocess.run(["redis-check-aof", "--fix", manifest], input="y\n", check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def known(p):
    """What Redis knows of deliveries while nobody sends it anything new; what is under way comes first. How many are in the
    books, and entry to its records that were sent and not settled."""
    last, now = None, ({}, {})
    while now != last:
        last, now = now, (p.books(), p.r.hgetall("sp:{0}:sent:ship"))
    books, notes = now
    return books.get("ship:out", 0), {id: sum(map(int, note.split()[:2])) for id, note in notes.items()}


def forget(p, draw):
    """kill -9 that costs as much of the end of the append-only file as a power failure would: up to what the last half
    second wrote. At every byte, also in the middle of a commit. The bytes, and the deliveries that Redis had booked, or had
    noted as being sent, and forgot."""
    (path,) = (p.redis.folder / "appendonlydir").glob("*.incr.aof")
    safe = path.stat().st_size
    for _ in range(4):
        p.feed(4_000)
        gap(draw.uniform(0, 0.2))
    for worker in p.workers.values():
        worker.pause()
    out, notes = known(p)
    p.note_in_hand("deliver-1", "deliver-2")  # a call that is noted may leave when they go on
    p.kill("redis")
    p.in_hand.update(id for id, _ in p.delivered())
    keep = draw.randint(safe, path.stat().st_size)
    lost = path.stat().st_size - keep
    os.truncate(path, keep)
    repair(path)
    p.revive("redis")
    out_now, notes_now = known(p)
    for worker in p.workers.values():
        worker.go_on()
    return lost, out - out_now, sum(max(0, n - notes_now.get(id, 0)) for id, n in notes.items())


def forgotten(p):
    """The files that the producer was told are accepted, and that the books do not know. The inbox first: the dispatcher, who
    is at work, makes jobs of what stands there."""
    return [rows for rows in p.files if not p.r.xrange("sp:inbox", rows.job, rows.job) and not p.job(rows.job)]


def everysec(ctx):
    """The end of the append-only file is gone after a kill. What the producer's log and the job keys say is lost, is; what
    they do not say, is not; and once the producer has sent the former again everything is there, counted once."""
    kills = 3 if ctx.short else 30
    draw = random.Random(ctx.seed)
    with Rig(ctx.folder, appendfsync="everysec") as p:
        p.firehose.faults(latency_ms=10)
        lost_bytes, commits, notes = map(sum, zip(*(forget(p, draw) for _ in range(kills))))
        p.firehose.faults()
        gone = forgotten(p)
        p.jobs = [id for id in p.jobs if id not in {rows.job for rows in gone}]
        p.rest(120)
        wrong = [w for rows in p.files if rows not in gone for w in rows.wrong(p)]
        came = {id for id, _ in p.delivered()}
        wrong += [f"{rows.path.name} is accepted, and {len(missing)} of its rows did not come" for rows in p.files
                  if rows not in gone and (missing := set(rows.ids(p.job(rows.job)["src"])) - came)]
        audit = p.command("audit")
        if audit.returncode != 0:
            wrong.append(f"audit: {audit.stdout[-500:]}")
        reported = len(gone)
        for rows in gone:
            rows.job = p.send(rows.path)
        p.rest(120)
        figures, accounts = p.verdict(forgotten=commits + notes)
        if not (noticed := p.said("redis has forgotten what it had answered")):
            wrong.append("nobody noticed that the books were rolled back")
        wrong += accounts + [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return {"redis_kills": kills, "bytes_forgotten": lost_bytes, "files": len(p.files), "files_reported_lost": reported,
            "booked_and_forgotten": commits, "noted_and_forgotten": notes, "noticed_by": len(noticed), **figures, **ctx.peaks(p)}, wrong


# Another server takes over.

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def is_synced(r):
    info = r.info("replication")
    return info["role"] == "slave" and info["master_link_status"] == "up"


def has_replica(r):
    """As the master sees it: it hears of the end of a synchronisation after the replica does."""
    return r.info("replication").get("slave0", {}).get("state") == "online"


def promotions(ctx):
    """FAILOVER to a replica and back, under load: the old one answers READONLY, and the address leads to the new one."""
    times = 3 if ctx.short else 20
    ports = [free_port(), free_port()]
    door = ctx.folder / "door.sock"
    rig = Rig(ctx.folder / "rig", fleet=(), port=str(ports[0]), bind="127.0.0.1")
    other = RedisServer(ctx.folder / "other", **{**rig.redis.settings, "port": str(ports[1]), "unixsocket": str(
        ctx.folder / "other/redis.sock"), "dir": str(ctx.folder / "other"), "repl-diskless-sync-delay": "0",
        "replicaof": f"127.0.0.1 {ports[0]}"})
    wrong = []
    with rig as p, other:
        servers = [p.redis, other]
        door.symlink_to(p.redis.socket)
        p.fleet = ("dispatch", "split-1", "normalise-1", "normalise-2", "deliver-1", "deliver-2")
        wait_for("the replica", lambda: is_synced(other.client()))
        for name in p.fleet:
            p.workers[name] = Worker(p, name)
            p.worker(name).address = door
            p.revive(name)
        p.firehose.faults(latency_ms=20)
        longest = 0.0
        for i in range(times):
            p.feed(30_000)
            old, new = servers[i % 2], servers[(i + 1) % 2]
            wait_for("a replica", lambda: has_replica(old.client()))
            old.client().execute_command("FAILOVER", "TO", "127.0.0.1", ports[(i + 1) % 2])
            wait_for("the promotion", lambda: new.client().info("replication")["role"] == "master")
            door.with_suffix(".new").symlink_to(new.socket)
            door.with_suffix(".new").rename(door)
            p.r = new.client()
            before, begun = p.books(), time.monotonic()
            wait_for("work to go on", lambda: p.books() != before or p.is_at_rest(), 30)
            longest = max(longest, time.monotonic() - begun)
            wait_for("the old one to follow", lambda: is_synced(old.client()))
        p.firehose.faults()
        p.rest(120)
        if longest > 5 * ctx.slack:
            wrong.append(f"work went on {longest:.1f} s after a promotion")
        if not p.said("READONLY") and not p.said("wrong server"):
            wrong.append("nobody was told READONLY")
        figures, accounts = p.verdict(noted=False)
        wrong += accounts + [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return {"promotions": times, "work_after_s": round(longest, 2), **figures, **ctx.peaks(p)}, wrong


ROWS = [("F06", "the end of the append-only file is lost", everysec), ("F07b", "another redis under the workers", other_data),
        ("F09", "READONLY: promotions under load", promotions),
        ("F13", "snapshots fail", failing_snapshots)]
