"""F11, F12: no room under the append-only file. A small file system is mounted for it, which takes root."""
import contextlib
import os
import subprocess
import time

import redis
from rig import Rig, gap
from standpipe_run import wait_for

SMALL, LARGE = "12m", "512m"


@contextlib.contextmanager
def small_disk(ctx, folder):
    folder.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder], check=False,
                          capture_output=True) if os.geteuid() == 0 else None
    if not done or done.returncode != 0:
        ctx.skip("a small file system cannot be mounted")
    try:
        yield lambda: subprocess.run(["mount", "-o", f"remount,size={LARGE}", folder], check=True)
    finally:
        subprocess.run(["umount", folder], check=True)


def finish(ctx, p, enlarge):
    """There is room again: work goes on by itself."""
    before = p.books() if p.redis.process.poll() is None else None
    enlarge()
    if before is None:
        p.redis.start()
        before = p.books()
    begun = time.monotonic()
    wait_for("work to go on", lambda: p.books() != before, 30)
    after = time.monotonic() - begun
    p.rest(120)
    figures, wrong = p.verdict(noted=False)
    wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    if after > 5 * ctx.slack:
        wrong.append(f"work went on {after:.1f} s after there was room")
    return {"work_after_s": round(after, 2), **figures, **ctx.peaks(p)}, wrong


def is_refusing(p):
    try:
        p.r.set("sp:probe", 1)
        p.r.delete("sp:probe")
    except redis.exceptions.ResponseError as problem:
        return "MISCONF" in str(problem)
    return False


def full_everysec(ctx):
    """appendfsync everysec: Redis refuses every write, with MISCONF, until there is room."""
    with small_disk(ctx, ctx.folder / "redis") as enlarge, Rig(ctx.folder, appendfsync="everysec") as p:
        p.feed(150_000)
        wait_for("MISCONF", lambda: is_refusing(p), 60)
        gap(2)
        return finish(ctx, p, enlarge)


def full_always(ctx):
    """appendfsync always: Redis ends by itself; everything that it had acknowledged is there when it is back."""
    with small_disk(ctx, ctx.folder / "redis") as enlarge, Rig(ctx.folder) as p:
        p.feed(150_000)
        wait_for("the end of redis-server", lambda: p.redis.process.poll() is not None, 60)
        gap(1)
        return finish(ctx, p, enlarge)


ROWS = [("F11", "no room for the log, fsync everysec", full_everysec), ("F12", "no room for the log, fsync always", full_always)]
