#!/usr/bin/python3
"""tally.py DIR : add up the results of tools/test. DIR/steps has a line for each step, with tabs between its
name, its status and three times in seconds: elapsed, of processors in user code, of processors in the kernel.
A step that also wrote DIR/<name>.xml (JUnit, of meson or pytest) counts by its test cases, any other as one.
A step that failed without a failing case counts as one failure."""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def cases(path):
    passed, failed, skipped = 0, [], 0
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(f"{case.get('classname')}: {case.get('name')}")
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def tally(folder):
    passed, failed, skipped = 0, [], 0
    for line in (folder / "steps").read_text().splitlines():
        name, status, _ = line.split("\t")
        results = folder / f"{name}.xml"
        p, f, s = cases(results) if results.exists() else (int(status == "0"), [], 0)
        if status != "0" and not f:
            f = [name]
        passed, failed, skipped = passed + p, failed + [f"{name}: {x}" for x in f], skipped + s
    return passed, failed, skipped


def times(folder):
    for line in (folder / "steps").read_text().splitlines():
        name, status, took = line.split("\t")
        clock, *processors = map(float, took.split())
        yield f"{'ok' if status == '0' else 'FAILED':6} {name:12} {clock:6.1f} s, {sum(processors):6.1f} s of processors"


def main(folder):
    print("\n".join(times(pathlib.Path(folder))))
    passed, failed, skipped = tally(pathlib.Path(folder))
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
