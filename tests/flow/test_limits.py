"""F35, F40: a log that nobody can write, too few descriptors, too little memory. A worker goes on, or it ends with one
sentence and starts again; nothing that was accepted suffers."""
import os
import resource
import socket
import subprocess

import pytest
from pipeline import WORKERS, Worker
from standpipe_run import IS_SANITIZED, wait_for

ROWS, LONG = 3000, 60_000
OUT_OF_MEMORY = 71


def feed(p, name, rows=ROWS):
    return p.send(p.write(name, "id,text\n" + "".join(f"{name}-{i},some text of row {i}\n" for i in range(rows))))


def check(p, rows):
    """Each row came once, books and sources agree, nothing waits and nothing died."""
    p.rest()
    ids = [document["sp_id"] for document in p.documents()]
    assert len(ids) >= len(set(ids)) == rows
    assert len(ids) - rows <= p.books().get("ship:ambiguous", 0)
    assert p.dead() == []
    assert p.command("audit").returncode == 0


def full_disk():
    return os.open("/dev/full", os.O_WRONLY)


def pipe_without_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("target", [full_disk, pipe_without_reader])
def test_a_log_that_takes_nothing_stops_nobody(pipeline, target):
    """Redis goes away meanwhile, so that there is something to say."""
    p = pipeline
    p.apply()
    log = target()
    for name in WORKERS:
        worker = p.workers[name] = Worker(p, name)
        worker.log.touch()
        worker.process = subprocess.Popen(worker.words, stdout=log, stderr=log, env=p.environment)
    os.close(log)
    feed(p, "a.csv")
    check(p, ROWS)
    p.r.replicaof("127.0.0.1", 1)
    wait_for("the workers to be without a master", lambda: p.r.info("replication")["role"] == "slave")
    p.r.replicaof("NO", "ONE")
    feed(p, "b.csv")
    check(p, 2 * ROWS)
    assert all(worker.is_alive() for worker in p.workers.values())


def limit(p, what, value):
    for worker in filter(Worker.is_alive, p.workers.values()):
        _, most = resource.prlimit(worker.pid, what)
        resource.prlimit(worker.pid, what, (value, most))


def test_sixty_four_descriptors_are_enough_whoever_connects(pipeline):
    """A hundred idle clients at the port of each: they may have to wait, the work does not."""
    p = pipeline
    p.apply()
    p.start()
    addresses = [wait_for("its address", worker.http) for worker in p.workers.values()]
    limit(p, resource.RLIMIT_NOFILE, 64)
    idle = [socket.create_connection(address.split(":")) for address in addresses for _ in range(100)]
    feed(p, "a.csv")
    check(p, ROWS)
    for connection in idle:
        connection.close()
    assert all(worker.is_alive() for worker in p.workers.values())


def test_without_a_descriptor_it_waits_for_one(pipeline):
    """What is open stays open; files, the destination and a new connection to Redis have to wait."""
    p = pipeline
    p.apply()
    p.start()
    feed(p, "a.csv")
    check(p, ROWS)
    limit(p, resource.RLIMIT_NOFILE, 3)
    feed(p, "b.csv")
    p.r.client_kill_filter(_type="normal", skipme=True)
    wait_for("all to say so", lambda: len(p.said("Too many open files")) == len(p.workers))
    limit(p, resource.RLIMIT_NOFILE, 1024)
    check(p, 2 * ROWS)
    assert all(worker.is_alive() for worker in p.workers.values())


def size(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def revive(p):
    for name, worker in p.workers.items():
        if not worker.is_alive():
            assert worker.process.returncode == OUT_OF_MEMORY, (name, worker.process.returncode)
            assert "out of memory" in worker.log.read_text()
            worker.start()


@pytest.mark.skipif(IS_SANITIZED, reason="AddressSanitizer takes all addresses there are")
@pytest.mark.parametrize("spare_kib", [0, 64, 1024, 4096])
def test_too_little_memory_is_an_end_like_any_other(pipeline, spare_kib):
    p = pipeline
    p.apply()
    p.start()
    for name, worker in p.workers.items():
        wait_for("it to have started", lambda: p.r.exists(f"sp:worker:{name}"))
        resource.prlimit(worker.pid, resource.RLIMIT_AS, (size(worker.pid) + (spare_kib << 10), resource.RLIM_INFINITY))
    feed(p, "a.csv", LONG)
    wait_for("an end, or all done", lambda: p.is_at_rest() or not all(w.is_alive() for w in p.workers.values()))
    limit(p, resource.RLIMIT_AS, resource.RLIM_INFINITY)
    wait_for("all to be done", lambda: revive(p) or p.is_at_rest())
    check(p, LONG)
