# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Rows by the thousand: what they are counted by, and which of their scopes are there more than once.

What each of these does is done in Python by `smscontract.kernel.scopes`, `smscontract.cipher` and `smscontract.spans`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_CheckExact, PyUnicode_DecodeUTF8
from libc.math cimport INFINITY, floor
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object, Py_ssize_t *) except NULL
    long long PyLong_AsLongLongAndOverflow(object, int *) except? -1

cdef enum:
    #: Start and end of an exchange, and its line, before the values of a row.
    HEAD = 3
    #: Parts of the hashes; bytes of a hash and the number of its row.
    PARTS = 64
    RECORD = 16
    #: How a value is taken: texts as they are, telephone numbers that are written as most are, all others asked for.
    PLAIN = 0
    PHONE = 1
    #: Edges of times at most.
    EDGES = 64

#: The size of a value that is null.
cdef uint32_t NOTHING = 0xFFFFFFFF
cdef double DAY = 86400.0
#: Beyond are no times of anybody: days are not exact there.
cdef double FAR = 1e12


# --- rows side by side -------------------------------------------------------------------------------------------------
#
# Of each its size without this number (4 bytes), start and end (8 each), line (8), and for each value its size (4) and UTF-8, or
# `NOTHING` for null.


cdef inline Py_ssize_t _behind(const char *data, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    """Where the row behind one begins; -1 if it is not there to its end."""
    cdef uint32_t length
    if size - at < 28:
        return -1
    memcpy(&length, data + at, 4)
    return at + 4 + <Py_ssize_t> length if 24 <= length <= size - at - 4 else -1


cdef inline Py_ssize_t _value_at(const char *data, Py_ssize_t at, Py_ssize_t end, uint32_t *length) noexcept nogil:
    """Where the value behind one begins; -1 if it is not there to its end."""
    if end - at < 4:
        return -1
    memcpy(length, data + at, 4)
    if length[0] == NOTHING:
        return at + 4
    return at + 4 + <Py_ssize_t> length[0] if length[0] <= end - at - 4 else -1


def unpacked(bytes data, uint64_t wanted=0xFFFFFFFFFFFFFFFF):
    """Rows as tuples; of the first 64 those whose bit is set."""
    cdef const char *raw = PyBytes_AS_STRING(data)
    cdef Py_ssize_t at = 0, end, size = PyBytes_GET_SIZE(data), behind, number = -1
    cdef double start, stop
    cdef int64_t line
    cdef uint32_t length
    found = []
    while at < size:
        end = _behind(raw, at, size)
        if end < 0:
            raise ValueError("no rows")
        number += 1
        if number < 64 and not wanted >> number & 1:
            at = end
            continue
        memcpy(&start, raw + at + 4, 8)
        memcpy(&stop, raw + at + 12, 8)
        memcpy(&line, raw + at + 20, 8)
        row = [start, stop, line]
        at += 28
        while at < end:
            behind = _value_at(raw, at, end, &length)
            if behind < 0:
                raise ValueError("no rows")
            row.append(None if length == NOTHING else PyUnicode_DecodeUTF8(raw + at + 4, length, NULL))
            at = behind
        found.append(tuple(row))
    return found


def behind(bytes data, Py_ssize_t at, Py_ssize_t number):
    """Where in rows side by side those begin that are behind some."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    if at < 0:
        raise ValueError("no rows")
    while number > 0:
        at = _behind(PyBytes_AS_STRING(data), at, size)
        if at < 0:
            raise ValueError("no rows")
        number -= 1
    return at


# --- their times -------------------------------------------------------------------------------------------------------


def times(rows, Py_ssize_t count, edges):
    """What the times of rows say, in one pass.

    Args:
        rows: tuples of start and end (infinite if unknown), line, and anything behind them, or rows side by side.
        count: how many there are; at least one.
        edges: upper limits of steps, in order.

    Returns:
        The latest end (or start), `None` if there is none; how many took how long, by steps, `None` if that is not known; of
        each day (`None`: unknown) how many, and the first of them; the numbers of the first and the last row. `None` if
        something is not as expected, so that somebody else has to look.
    """
    cdef Py_ssize_t index, low = 0, high = 0, at = 0, left, right, middle, here = 0, there, size = 0
    cdef const char *data = NULL
    cdef Py_ssize_t edge_count = len(edges)
    cdef double start, end, one, newest = -INFINITY, begin = 1.0, until = 0.0, day
    cdef double limits[EDGES]
    cdef int64_t steps[EDGES + 1]
    cdef int64_t line, low_line = 0, high_line = 0
    cdef double low_start = 0.0, low_end = 0.0, high_start = 0.0, high_end = 0.0
    cdef int overflow = 0
    cdef bint timed = False
    cdef object row, item
    cdef dict found = {}
    cdef list days = [], current = None, unknown = None
    if type(rows) is bytes:
        data, size = PyBytes_AS_STRING(rows), PyBytes_GET_SIZE(rows)
    elif type(rows) is not list or count > PyList_GET_SIZE(rows):
        return None
    if count <= 0 or edge_count > EDGES:
        return None
    for index in range(edge_count):
        limits[index] = edges[index]
        steps[index] = 0
    steps[edge_count] = 0
    for index in range(count):
        if data != NULL:
            there = _behind(data, here, size)
            if there < 0:
                return None
            memcpy(&start, data + here + 4, 8)
            memcpy(&end, data + here + 12, 8)
            memcpy(&line, data + here + 20, 8)
            here = there
        else:
            row = <object> PyList_GET_ITEM(rows, index)
            if not PyTuple_CheckExact(row) or PyTuple_GET_SIZE(row) < HEAD:
                return None
            item = <object> PyTuple_GET_ITEM(row, 0)
            if not PyFloat_CheckExact(item):
                return None
            start = PyFloat_AS_DOUBLE(item)
            item = <object> PyTuple_GET_ITEM(row, 1)
            if not PyFloat_CheckExact(item):
                return None
            end = PyFloat_AS_DOUBLE(item)
            item = <object> PyTuple_GET_ITEM(row, 2)
            if not PyLong_CheckExact(item):
                return None
            line = PyLong_AsLongLongAndOverflow(item, &overflow)
            if overflow:
                return None
        if not ((-FAR < start < FAR or start == INFINITY) and (-FAR < end < FAR or end == INFINITY)):
            return None
        if index == 0:
            timed = start != INFINITY and end != INFINITY
            low_start, low_end, low_line = start, end, line
            high_start, high_end, high_line = start, end, line
        elif start < low_start or (start == low_start and (end < low_end or (end == low_end and line < low_line))):
            low, low_start, low_end, low_line = index, start, end, line
        elif start > high_start or (start == high_start and (end > high_end or (end == high_end and line > high_line))):
            high, high_start, high_end, high_line = index, start, end, line
        one = end if end != INFINITY else start
        if timed:
            if start == INFINITY and end == INFINITY:
                return None
            left, right = 0, edge_count
            while left < right:
                middle = (left + right) // 2
                if limits[middle] < end - start:
                    left = middle + 1
                else:
                    right = middle
            steps[left] += 1
        if one == INFINITY:
            if unknown is None:
                unknown = [None, 0, index]
                days.append(unknown)
            unknown[1] += 1
            continue
        if one > newest:
            newest = one
        if current is None or not begin <= one < until:
            if current is not None:
                current[1] += at
            day = floor(one / DAY)
            while day * DAY > one:
                day -= 1
            while (day + 1) * DAY <= one:
                day += 1
            begin, until, at = day * DAY, (day + 1) * DAY, 0
            number = int(day)
            current = found.get(number)
            if current is None:
                current = found[number] = [number, 0, index]
                days.append(current)
        at += 1
    if current is not None:
        current[1] += at
    return (
        newest if newest != -INFINITY else None,
        [steps[index] for index in range(edge_count + 1)] if timed else None,
        [tuple(entry) for entry in days],
        low,
        high,
    )


# --- hashes of scopes --------------------------------------------------------------------------------------------------


cdef inline uint64_t _turned(uint64_t value, int by) noexcept nogil:
    return (value << by) | (value >> (64 - by))


cdef struct State:
    uint64_t a
    uint64_t b
    uint64_t c
    uint64_t d


cdef inline void _round(State *s) noexcept nogil:
    s.a += s.b
    s.b = _turned(s.b, 13) ^ s.a
    s.a = _turned(s.a, 32)
    s.c += s.d
    s.d = _turned(s.d, 16) ^ s.c
    s.a += s.d
    s.d = _turned(s.d, 21) ^ s.a
    s.c += s.b
    s.b = _turned(s.b, 17) ^ s.c
    s.c = _turned(s.c, 32)


cdef uint64_t _sip(uint64_t one, uint64_t two, const char *data, Py_ssize_t size) noexcept nogil:
    """SipHash-1-3 of some bytes."""
    cdef State s
    cdef uint64_t word
    cdef Py_ssize_t at = 0
    s.a = one ^ <uint64_t> 0x736F6D6570736575
    s.b = two ^ <uint64_t> 0x646F72616E646F6D
    s.c = one ^ <uint64_t> 0x6C7967656E657261
    s.d = two ^ <uint64_t> 0x7465646279746573
    while at + 8 <= size:
        memcpy(&word, data + at, 8)
        s.d ^= word
        _round(&s)
        s.a ^= word
        at += 8
    word = 0
    memcpy(&word, data + at, size - at)
    word ^= (<uint64_t> size) << 56
    s.d ^= word
    _round(&s)
    s.a ^= word
    s.c ^= 0xFF
    _round(&s)
    _round(&s)
    _round(&s)
    return s.a ^ s.b ^ s.c ^ s.d


cdef uint64_t _text(uint64_t one, uint64_t two, object text) except? 0:
    cdef Py_ssize_t size = 0
    cdef const char *data
    try:
        data = PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError:  # a lone surrogate
        raw = text.encode("utf-8", "surrogatepass")
        return _sip(one, two, PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))
    return _sip(one, two, data, size)


cdef uint64_t _piece(uint64_t one, uint64_t two, object piece) except? 0:
    """A text, or a tuple of one text, which is another thing."""
    if PyUnicode_CheckExact(piece):
        return _text(one, two, piece)
    if not PyTuple_CheckExact(piece) or PyTuple_GET_SIZE(piece) != 1 or type(piece[0]) is not str:
        raise TypeError("no scope")
    return _text(one, ~two, piece[0])


cdef bint _is_number(object text) noexcept:
    """Whether a text is a telephone number as nearly all are: `+`, and digits."""
    cdef Py_ssize_t size = 0
    cdef const char *data
    try:
        data = PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError:
        return False
    return _is_digits(data, size)


cdef bint _is_digits(const char *data, Py_ssize_t size) noexcept:
    cdef Py_ssize_t index
    if size < 2 or data[0] != c"+":
        return False
    for index in range(1, size):
        if not c"0" <= data[index] <= c"9":
            return False
    return True


cdef int _keyed(bytes key, uint64_t *one, uint64_t *two) except -1:
    if PyBytes_GET_SIZE(key) != 16:
        raise ValueError("the key has 16 bytes")
    memcpy(one, PyBytes_AS_STRING(key), 8)
    memcpy(two, PyBytes_AS_STRING(key) + 8, 8)
    return 0


def hashed(pieces, bytes key):
    """The hash of a scope that is made of some texts (in a tuple of their own: other values)."""
    cdef uint64_t one = 0, two = 0, found = 0
    _keyed(key, &one, &two)
    for piece in pieces:
        found = _piece(one ^ found, two, piece)
    return found


def records(rows, Py_ssize_t count, items, bytes key, uint64_t first, uint64_t mask):
    """The hash of the scope of each row, and its number, side by side.

    Args:
        rows: tuples, or rows side by side; `count`: how many there are.
        items: of each value of the scope where it is in the row, how it is taken, and who makes a text of any other.
        first: the number of the first row; the others follow.
        mask: bits of the hashes that are kept.
    """
    cdef Py_ssize_t index, at, item_count = len(items), here = 0, there, place, slot, size = 0
    cdef uint32_t length = 0
    cdef const char *data = NULL
    cdef list listed
    cdef Py_ssize_t slots[16]
    cdef int modes[16]
    cdef uint64_t one = 0, two = 0, found
    cdef uint64_t pair[2]
    cdef object row, value
    cdef char *out
    _keyed(key, &one, &two)
    if item_count > 16:
        raise ValueError("too many values")
    others = []
    for at in range(item_count):
        slots[at], modes[at], other = items[at]
        others.append(other)
        if slots[at] < 0:
            raise ValueError("no such value")
    if type(rows) is bytes:
        data, size, listed = PyBytes_AS_STRING(rows), PyBytes_GET_SIZE(rows), []
    else:
        listed = rows
    if count < 0 or count * 28 > (size if data != NULL else 28 * PyList_GET_SIZE(listed)):
        raise ValueError("there are fewer rows")
    result = PyBytes_FromStringAndSize(NULL, count * RECORD)
    out = PyBytes_AS_STRING(result)
    for index in range(count):
        found = 0
        if data != NULL:
            there = _behind(data, here, size)
            if there < 0:
                raise ValueError("no rows")
            for at in range(item_count):
                place, slot = here + 28, HEAD
                while slot < slots[at] and place >= 0:
                    place, slot = _value_at(data, place, there, &length), slot + 1
                if slots[at] < HEAD or place < 0 or _value_at(data, place, there, &length) < 0:
                    raise ValueError("a value is missing")
                place += 4
                if length != NOTHING and (modes[at] == PLAIN or (modes[at] == PHONE and _is_digits(data + place, length))):
                    found = _sip(one ^ found, two, data + place, length)
                else:
                    value = None if length == NOTHING else PyUnicode_DecodeUTF8(data + place, length, NULL)
                    found = _piece(one ^ found, two, others[at](value))
            here = there
        else:
            if index >= PyList_GET_SIZE(listed):  # whoever is asked may do anything
                raise ValueError("the rows have changed")
            row = <object> PyList_GET_ITEM(listed, index)
            if not PyTuple_CheckExact(row):
                raise TypeError("no row")
            for at in range(item_count):
                if slots[at] >= PyTuple_GET_SIZE(row):
                    raise ValueError("a value is missing")
                value = <object> PyTuple_GET_ITEM(row, slots[at])
                if PyUnicode_CheckExact(value) and (modes[at] == PLAIN or (modes[at] == PHONE and _is_number(value))):
                    found = _text(one ^ found, two, value)
                else:
                    found = _piece(one ^ found, two, others[at](value))
        pair[0] = found & mask
        pair[1] = first + <uint64_t> index
        memcpy(out + index * RECORD, pair, RECORD)
    return result


def moved(bytes some, uint64_t by):
    """Records whose rows have got higher numbers."""
    cdef Py_ssize_t count = PyBytes_GET_SIZE(some) // RECORD, index
    cdef uint64_t number
    result = PyBytes_FromStringAndSize(PyBytes_AS_STRING(some), count * RECORD)
    cdef char *out = PyBytes_AS_STRING(result)
    for index in range(count):
        memcpy(&number, out + index * RECORD + 8, 8)
        number += by
        memcpy(out + index * RECORD + 8, &number, 8)
    return result


def parted(bytes some):
    """Records in parts, each with all of some hashes."""
    cdef Py_ssize_t count = PyBytes_GET_SIZE(some) // RECORD, index
    cdef Py_ssize_t sizes[PARTS]
    cdef char *out[PARTS]
    cdef const char *data = PyBytes_AS_STRING(some)
    cdef int part
    cdef uint64_t one
    for part in range(PARTS):
        sizes[part] = 0
    for index in range(count):
        memcpy(&one, data + index * RECORD, 8)
        sizes[one % PARTS] += 1
    result = []
    for part in range(PARTS):
        piece = PyBytes_FromStringAndSize(NULL, sizes[part] * RECORD)
        out[part] = PyBytes_AS_STRING(piece)
        result.append(piece)
    for index in range(count):
        memcpy(&one, data + index * RECORD, 8)
        memcpy(out[one % PARTS], data + index * RECORD, RECORD)
        out[one % PARTS] += RECORD
    return result


cdef struct Entry:
    uint64_t one
    #: The number of the first row of the hash, and one more; 0: there is none.
    uint64_t row


cdef inline void _mark(uint8_t *bits, Py_ssize_t size, uint64_t row) noexcept nogil:
    if (row >> 3) < <uint64_t> size:
        bits[row >> 3] |= <uint8_t> (1 << (row & 7))


def again(bytes some, bytes touched, bytearray bits):
    """Marks the rows whose hash is there more than once.

    Args:
        some: records.
        touched: hashes that were there before, 8 bytes each.
        bits: one for each row by its number; what is beyond is not marked.
    """
    cdef Py_ssize_t count = PyBytes_GET_SIZE(some) // RECORD, before = PyBytes_GET_SIZE(touched) // 8, index
    cdef const char *data = PyBytes_AS_STRING(some)
    cdef const char *old = PyBytes_AS_STRING(touched)
    cdef uint8_t[::1] view
    cdef uint8_t *marks = NULL
    cdef Py_ssize_t size = len(bits)
    cdef uint64_t room = 16, at, one, row, known = ~(<uint64_t> 0)
    cdef Entry *table
    if count == 0 or size == 0:
        return
    view = bits
    marks = &view[0]
    while room < <uint64_t> (2 * (count + before)):
        room *= 2
    table = <Entry *> calloc(room, sizeof(Entry))
    if table == NULL:
        raise MemoryError
    with nogil:
        for index in range(before):
            memcpy(&one, old + index * 8, 8)
            at = (one // PARTS) & (room - 1)
            while table[at].row and table[at].one != one:
                at = (at + 1) & (room - 1)
            table[at].one, table[at].row = one, known
        for index in range(count):
            memcpy(&one, data + index * RECORD, 8)
            memcpy(&row, data + index * RECORD + 8, 8)
            at = (one // PARTS) & (room - 1)
            while table[at].row and table[at].one != one:
                at = (at + 1) & (room - 1)
            if table[at].row == 0:
                table[at].one, table[at].row = one, row + 1
                continue
            _mark(marks, size, row)
            if table[at].row != known:
                _mark(marks, size, table[at].row - 1)
                table[at].row = known
        free(table)
