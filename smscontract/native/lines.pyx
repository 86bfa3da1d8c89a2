# cython: language_level=3
"""Ends of lines in a block of bytes, counted while it is looked at once: `smscontract.recordings._pieces` does it in Python."""

from libc.stdint cimport uint8_t

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>

    /* Bytes that are looked at side by side. */
    #define LANES 64

    /* Wider registers are used where the processor has them: whoever loads this chooses, by a function that Linux asks. */
    #if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
    #define BEST __attribute__((target_clones("avx2", "default")))
    #else
    #define BEST
    #endif

    static inline uint8_t begins(const uint8_t *at) {
        return ((at[0] == 's') & (at[1] == 'm') & (at[3] == 'c') & (at[4] == 'o'))
             | ((at[0] == '\\\\') & (at[1] == 'u') & (at[2] == '0') & ((at[4] & 0xFE) == '6'));
    }

    BEST static size_t counted(const uint8_t *at, size_t size, uint8_t *marked) {
        const uint8_t *end = at + size;
        size_t ends = 0;
        uint8_t seen = 0;
        while ((size_t) (end - at) >= LANES + 4) {
            uint8_t count[LANES] = {0}, mark[LANES] = {0};
            size_t steps = (size_t) (end - at - 4) / LANES;
            if (steps > 255) steps = 255;
            for (; steps > 0; steps--, at += LANES)
                for (int lane = 0; lane < LANES; lane++) {
                    count[lane] += at[lane] == '\\n';
                    mark[lane] |= begins(at + lane);
                }
            for (int lane = 0; lane < LANES; lane++) {
                ends += count[lane];
                seen |= mark[lane];
            }
        }
        for (; at < end; at++) {
            ends += *at == '\\n';
            if (end - at >= 5) seen |= begins(at);
        }
        *marked = seen;
        return ends;
    }
    """
    size_t c_counted "counted"(const uint8_t *at, size_t size, uint8_t *marked) nogil


def counted(const uint8_t[::1] block not None):
    """The number of line feeds, and whether what looks like `smsco`, or a backslash before `u006` or `u007`, is somewhere."""
    cdef uint8_t marked = 0
    cdef size_t ends
    if block.shape[0] == 0:
        return 0, False
    with nogil:
        ends = c_counted(&block[0], block.shape[0], &marked)
    return ends, bool(marked)
