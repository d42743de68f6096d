#!/usr/bin/python3
"""embed.py NAME OUT FILE...: join Lua files into the function library NAME. OUT is a C file that
common/io/library_text.h declares, or, when it ends in .lua, the text that FUNCTION LOAD takes."""
import pathlib
import sys


def join(name, files):
    parts = [f"#!lua name={name}\n"] + [pathlib.Path(file).read_text(encoding="ascii") for file in files]
    return "\n".join(parts)


def as_c(name, library):
    data = library.encode("ascii") + b"\0"
    rows = (", ".join(map(str, data[i:i + 20])) for i in range(0, len(data), 20))
    return (f'/* Made by tools/embed.py from lua/. */\n#include "common/io/library_text.h"\n\n'
            f'const char lua_library_name[] = "{name}";\n'
            f"const unsigned lua_library_size = {len(data) - 1};\n"
            "const char lua_library[] = {\n    " + ",\n    ".join(rows) + "};\n")


def main(name, out, *files):
    library = join(name, files)
    pathlib.Path(out).write_text(library if out.endswith(".lua") else as_c(name, library), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
