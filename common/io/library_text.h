/* The function library, embedded by tools/embed.py from lua/: what FUNCTION LOAD takes. */
#pragma once

extern const char lua_library_name[]; /* standpipe_<n> */
extern const char lua_library[];      /* ends with a NUL that the size leaves out */
extern const unsigned lua_library_size;
