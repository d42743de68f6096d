#!/usr/bin/python3
"""Fail when a file includes a level above its own, a worker includes another, or a third-party
header has a second owner. The levels: workers, tools -> run -> io -> data -> base."""
import pathlib
import re
import sys

LEVELS = {"common/base": 0, "common/data": 1, "common/io": 2, "common/run": 3, "tools": 4, "workers": 4}
OWNERS = {
    "hiredis/": "common/io/reply", "event2/": "common/io/", "curl/": "common/io/http",
    "csv.h": "tests/", "cjson/": "common/data/doc", "yaml.h": "common/data/yaml",
    "lua": "common/data/script", "tre/": "common/data/pattern", "avro": "common/data/schema", "openssl/": "common/data/digest",
    "zlib.h": "common/io/inflate", "zstd.h": "common/io/inflate",
}
SHARED_WORKER_HEADERS = {
    "workers/lookup.h", "workers/lookup_cache.h", "workers/lookup_plan.h", "workers/lookup_rate.h",
    "workers/sink.h", "workers/stages.h",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def level(path):
    return next((n for folder, n in LEVELS.items() if path.startswith(folder + "/")), None)


def worker(path):
    """`deliver` of workers/deliver_call.c: the files of one worker share the first word."""
    return pathlib.Path(path).stem.split("_")[0]


def complaints(path, text):
    for ours, theirs in INCLUDE.findall(text):
        for header, owner in OWNERS.items():
            if theirs.startswith(header) and not path.startswith(owner):
                yield f"{path}: <{theirs}> belongs to {owner}"
        if not ours:
            continue
        if not re.match(r"(common|workers|tools|tests)/", ours):
            yield f"{path}: \"{ours}\" is not named from the root"
        elif level(ours) is not None and level(ours) > level(path):
            yield f"{path}: \"{ours}\" is a level above it"
        elif (ours.startswith("workers/") and path.startswith("workers/")
              and worker(ours) != worker(path)
              and not path.endswith("/main.c") and ours not in SHARED_WORKER_HEADERS):
            yield f"{path}: a worker includes another, \"{ours}\""


def main(root):
    root = pathlib.Path(root)
    found = []
    for folder in LEVELS:
        for file in sorted((root / folder).rglob("*.[ch]")):
            found += complaints(str(file.relative_to(root)), file.read_text())
    print("\n".join(found) or "layers are clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
