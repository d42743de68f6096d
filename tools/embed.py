#!/usr/bin/python3
"""embed.py NAME OUT FILE...: join Lua files into the function library NAME. OUT is a C file that
common/io/library_text.h declares, or, when it ends in .lua, the text that FUNCTION LOAD takes.
embed.py run_redis_start OUT FILE: a script as the string that tools/run_parts.h declares."""
import pathlib
import sys


def join(name, files):
    parts = [f"#!lua name={name}\n"] + [pathlib.Path(file).read_text(encoding="ascii") for file in files]
    return "\n".join(parts)


def array(name, text):
    data = text.encode("ascii") + b"\0"
    rows = (", ".join(map(str, data[i:i + 20])) for i in range(0, len(data), 20))
    return f"const char {name}[] = {{\n    " + ",\n    ".join(rows) + "};\n"


def as_c(name, library):
    return (f'/* Made by tools/embed.py from lua/. */\n#include "common/io/library_text.h"\n\n'
            f'const char lua_library_name[] = "{name}";\n'
            f"const unsigned lua_library_size = {len(library)};\n" + array("lua_library", library))


def script_as_c(name, file):
    return (f'/* Made by tools/embed.py from {pathlib.Path(file).name}. */\n#include "tools/run_parts.h"\n\n' +
            array(name, pathlib.Path(file).read_text(encoding="ascii")))


def main(name, out, *files):
    if name == "run_redis_start":
        pathlib.Path(out).write_text(script_as_c(name, *files), encoding="ascii")
        return
    library = join(name, files)
    pathlib.Path(out).write_text(library if out.endswith(".lua") else as_c(name, library), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
