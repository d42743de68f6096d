#include "common/data/base64_wide.h"
#include "common/data/digest.h"

/* Two characters for every 12 bits: half the look-ups of a table of 64, and 8 KiB stay in the
 * first cache. Rows are exactly full, without a NUL. */
#define ROW(c)                                                                                 \
    c "A" c "B" c "C" c "D" c "E" c "F" c "G" c "H" c "I" c "J" c "K" c "L" c "M" c "N" c      \
      "O" c "P" c "Q" c "R" c "S" c "T" c "U" c "V" c "W" c "X" c "Y" c "Z" c "a" c "b" c      \
      "c" c "d" c "e" c "f" c "g" c "h" c "i" c "j" c "k" c "l" c "m" c "n" c "o" c "p" c      \
      "q" c "r" c "s" c "t" c "u" c "v" c "w" c "x" c "y" c "z" c "0" c "1" c "2" c "3" c      \
      "4" c "5" c "6" c "7" c "8" c "9" c "+" c "/"

static const char pairs[64][128] = {
    ROW("A"), ROW("B"), ROW("C"), ROW("D"), ROW("E"), ROW("F"), ROW("G"), ROW("H"),
    ROW("I"), ROW("J"), ROW("K"), ROW("L"), ROW("M"), ROW("N"), ROW("O"), ROW("P"),
    ROW("Q"), ROW("R"), ROW("S"), ROW("T"), ROW("U"), ROW("V"), ROW("W"), ROW("X"),
    ROW("Y"), ROW("Z"), ROW("a"), ROW("b"), ROW("c"), ROW("d"), ROW("e"), ROW("f"),
    ROW("g"), ROW("h"), ROW("i"), ROW("j"), ROW("k"), ROW("l"), ROW("m"), ROW("n"),
    ROW("o"), ROW("p"), ROW("q"), ROW("r"), ROW("s"), ROW("t"), ROW("u"), ROW("v"),
    ROW("w"), ROW("x"), ROW("y"), ROW("z"), ROW("0"), ROW("1"), ROW("2"), ROW("3"),
    ROW("4"), ROW("5"), ROW("6"), ROW("7"), ROW("8"), ROW("9"), ROW("+"), ROW("/"),
};

static inline char *put_pair(char *out, uint64_t twelve_bits)
{
    memcpy(out, (const char *)pairs + 2 * (twelve_bits & 0xfff), 2);
    return out + 2;
}

char *base64_encode(char *out, str bytes)
{
    size_t done = wide_is_here() ? wide_encode(out, bytes) : 0, n = bytes.n - done;
    const unsigned char *p = (const unsigned char *)bytes.p + done;

    out += done / 3 * 4;
    for (; n >= 8; p += 6, n -= 6) { /* six of the eight bytes that one load brings */
        uint64_t v;
        memcpy(&v, p, 8);
        v = __builtin_bswap64(v);
        out = put_pair(out, v >> 52);
        out = put_pair(out, v >> 40);
        out = put_pair(out, v >> 28);
        out = put_pair(out, v >> 16);
    }
    for (; n >= 3; p += 3, n -= 3) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        out = put_pair(out, v >> 12);
        out = put_pair(out, v);
    }
    if (n == 0)
        return out;
    uint32_t v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
    out = put_pair(out, v >> 12);
    out = put_pair(out, v);
    memset(out - (3 - n), '=', 3 - n);
    return out;
}

/* 64 + value of a character; 0: not in the alphabet. */
enum { GOOD = 64 };
static const unsigned char values[256] = {
    ['A'] = 64,  ['B'] = 65,  ['C'] = 66,  ['D'] = 67,  ['E'] = 68,  ['F'] = 69,  ['G'] = 70,
    ['H'] = 71,  ['I'] = 72,  ['J'] = 73,  ['K'] = 74,  ['L'] = 75,  ['M'] = 76,  ['N'] = 77,
    ['O'] = 78,  ['P'] = 79,  ['Q'] = 80,  ['R'] = 81,  ['S'] = 82,  ['T'] = 83,  ['U'] = 84,
    ['V'] = 85,  ['W'] = 86,  ['X'] = 87,  ['Y'] = 88,  ['Z'] = 89,  ['a'] = 90,  ['b'] = 91,
    ['c'] = 92,  ['d'] = 93,  ['e'] = 94,  ['f'] = 95,  ['g'] = 96,  ['h'] = 97,  ['i'] = 98,
    ['j'] = 99,  ['k'] = 100, ['l'] = 101, ['m'] = 102, ['n'] = 103, ['o'] = 104, ['p'] = 105,
    ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109, ['u'] = 110, ['v'] = 111, ['w'] = 112,
    ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116, ['1'] = 117, ['2'] = 118, ['3'] = 119,
    ['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123, ['8'] = 124, ['9'] = 125, ['+'] = 126,
    ['/'] = 127,
};

/* 24 bits of four characters; `all` loses GOOD when one of them is foreign. */
static inline uint32_t take_four(const unsigned char *p, unsigned *all)
{
    uint32_t a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];

    *all &= a & b & c & d;
    /* The four marks add up to a constant that is taken away in one go. */
    return (a << 18) + (b << 12) + (c << 6) + d - (GOOD << 18 | GOOD << 12 | GOOD << 6 | GOOD);
}

/* The last four characters, which may hold padding; bits that padding cuts off must be 0. */
static long decode_last(unsigned char *out, const unsigned char *p)
{
    int padding = p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;
    unsigned char four[4] = {p[0], p[1], padding == 2 ? 'A' : p[2], padding ? 'A' : p[3]};
    unsigned all = GOOD;
    uint32_t v = take_four(four, &all);

    if (!(all & GOOD) || (padding == 1 && v & 0xff) || (padding == 2 && v & 0xffff))
        return -1;
    for (int i = 0; i < 3 - padding; i++)
        out[i] = (unsigned char)(v >> (16 - 8 * i));
    return 3 - padding;
}

long base64_decode(unsigned char *out, str text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    const unsigned char *begin = out;
    unsigned all = GOOD;

    if (text.n % 4)
        return -1;
    if (text.n == 0)
        return 0;
    size_t done = wide_is_here() ? wide_decode(out, text) : 0;
    p += done;
    out += done / 4 * 3;
    for (; end - p > 8; p += 8, out += 6) { /* the store of 8 is covered by what follows */
        uint64_t v = (uint64_t)take_four(p, &all) << 40;
        v = __builtin_bswap64(v | (uint64_t)take_four(p + 4, &all) << 16);
        memcpy(out, &v, 8);
    }
    for (; end - p > 4; p += 4, out += 3) {
        uint32_t v = take_four(p, &all);
        out[0] = (unsigned char)(v >> 16);
        out[1] = (unsigned char)(v >> 8);
        out[2] = (unsigned char)v;
    }
    long last = all & GOOD ? decode_last(out, p) : -1;
    return last < 0 ? -1 : out - begin + last;
}
