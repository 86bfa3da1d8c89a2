# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Lines against many patterns at once, byte by byte.

The patterns never try anything twice: a repetition takes all that it can, a choice the first that fits. Those that begin alike
are looked at together, as a tree. What is found out about a line is what `smscontract.kernel.templates` says of it in Python.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.ref cimport PyObject
from cpython.set cimport PySet_Contains
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy

cdef extern from *:
    """
    #include <math.h>
    /* The number nearest to digits / 10**places, at most nine places: as `float` reads it; -1 where that is not sure. */
    static double nearest(unsigned long long digits, int places) {
        static const unsigned long long tens[] = {
            1ULL, 10ULL, 100ULL, 1000ULL, 10000ULL, 100000ULL, 1000000ULL, 10000000ULL, 100000000ULL, 1000000000ULL};
        unsigned __int128 whole = (unsigned __int128) digits << 60, quotient = whole / tens[places];
        int rest = whole % tens[places] != 0, more = 0;
        unsigned long long high;
        if (!(quotient >> 53)) return -1; /* too few of its bits are known */
        /* 54 bits are kept: those of a number, and one that tells to which side it is rounded. */
        while (quotient >> (54 + more)) more++;
        high = (unsigned long long) (quotient >> more);
        rest |= (quotient & (((unsigned __int128) 1 << more) - 1)) != 0;
        high = (high >> 1) + ((high & 1) && (rest || (high & 2)));
        return ldexp((double) high, more + 1 - 60);
    }
    """
    double nearest(unsigned long long, int) noexcept

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *, char **, PyObject *) except? -1.0
    object PyUnicode_New(Py_ssize_t, Py_UCS4)
    void *PyUnicode_DATA(object)

ctypedef const unsigned char *Bytes

cdef enum:
    TEXT, SET, GROUP, CHOICE, REPEAT, NEVER
    #: Groups and elements of a pattern at most; how deep patterns are nested; bytes of a line.
    GROUPS = 400
    LENGTH = 1000
    DEEP = 12
    LONG = 65536
    EQUAL = 0
    DIFFER = 1
    PHONES = 2
    OTHER = 3
    #: Of a memo: which texts surely are as they should be.
    SENTENCES = 2

cdef double INFINITY = float("inf")
#: The size of a value that is null.
cdef uint32_t NOTHING = 0xFFFFFFFF
#: What a marker or an escape has in it: asterisk, backslash, x.
cdef unsigned char LETTERS[256]
for _one in range(256):
    LETTERS[_one] = _one in b"*\\xX"


cdef struct Op:
    int kind
    #: What follows in a sequence inside of another one; the first of what is inside; the next alternative. -1: nothing.
    int next
    int child
    int other
    #: How often, at least and at most (-1: any number); the number of a group; the groups of a choice.
    int low
    int high
    #: Where text or set is in the pool, and how long it is.
    int at
    int size


cdef struct Node:
    int op
    int child
    int sibling
    int template


cdef struct Relation:
    int kind
    int one
    int two


cdef int *_ints(some) except NULL:
    """Numbers side by side."""
    cdef int *found = <int *> malloc((len(some) + 1) * sizeof(int))
    if found == NULL:
        raise MemoryError
    for index, one in enumerate(some):
        found[index] = one
    return found


cdef class Pack:
    """Rows side by side, as `native.rows` says.

    Attributes:
        count: how many there are.
    """

    cdef char *data
    cdef Py_ssize_t size, room
    cdef readonly Py_ssize_t count

    def __cinit__(self):
        self.data = NULL
        self.size = self.room = self.count = 0

    def __dealloc__(self):
        free(self.data)

    cdef int need(self, Py_ssize_t size) except -1:
        """Makes room for so many bytes in all."""
        cdef char *more
        if size > self.room:
            more = <char *> realloc(self.data, 2 * size + 1024)
            if more == NULL:
                raise MemoryError
            self.data, self.room = more, 2 * size + 1024
        return 0

    def take(self):
        """The rows, and how many; it has none then."""
        found, count = PyBytes_FromStringAndSize(self.data, self.size), self.count
        free(self.data)
        self.data = NULL
        self.size = self.room = self.count = 0
        return found, count


cdef class Way:
    """How exchanges of one kind are counted.

    Args:
        pack: that rows are added to.
        row: groups of the values behind start, end and number.
        relations: kind, and the groups of the operands; `checks` are asked where that does not tell.
        times: what `Times` is made of, or `None`: groups that are not later than others, those before the answer, the step of
            their limit, whether the quick way may be gone, and who tells the limit; `hold` is asked where it does not tell.
    """

    cdef Pack pack
    cdef tuple checks
    cdef int *row
    cdef int *pairs
    cdef int *before
    cdef Relation *relations
    cdef int row_count, pair_count, before_count, relation_count
    #: The highest group there is.
    cdef int highest
    cdef bint timed, loose
    cdef double step, begin, until
    cdef char limit[20]
    cdef object limit_at, hold

    def __cinit__(self, Pack pack not None, row, relations, checks, times):
        self.row = self.pairs = self.before = NULL
        self.relations = NULL
        self.pack, self.checks = pack, tuple(checks)
        self.row, self.row_count = _ints(row), len(row)
        self.relation_count = len(relations)
        if len(self.checks) != self.relation_count:
            raise ValueError("each relation has its check")
        self.relations = <Relation *> malloc((self.relation_count + 1) * sizeof(Relation))
        if self.relations == NULL:
            raise MemoryError
        for index, (kind, one, two) in enumerate(relations):
            self.relations[index] = Relation(kind, one, two)
        self.timed = times is not None
        self.begin = self.until = 0.0
        pairs, before = (), ()
        if self.timed:
            pairs, before, self.step, self.loose, self.limit_at, self.hold = times
        self.pairs, self.pair_count = _ints([one for pair in pairs for one in pair]), len(pairs)
        self.before, self.before_count = _ints(before), len(before)
        every = [*row, *before, *[one for pair in pairs for one in pair], *[one for _, *some in relations for one in some]]
        if min(every, default=0) < 0:
            raise ValueError("no such group")
        self.highest = max(every, default=-1)

    def __dealloc__(self):
        free(self.row)
        free(self.pairs)
        free(self.before)
        free(self.relations)


cdef class Template:
    """A pattern: what it is made of, and what is asked of its groups.

    Args:
        elements: as `kernel.programs` gives them.
        groups: how many there are; `told` tell kinds apart; `escaped` have escapes, at a depth.
        memos: for each what it remembers (bytes), groups, who is asked about others, which texts are sure (0: none, 1: those that
            surely are no marker, 2: of these, sentences), and the depth at which they are written.
        times: of start and end the group, and whether it is a text; or `None`.
        keeps: asked with the line and all groups, or `None`; `timestamp`, `unescaped` as in Python.
    """

    cdef list elements, asked
    cdef dict ways
    cdef int groups, told_count, memo_count
    #: Of each group the depth at which its text is written, if there may be escapes in it.
    cdef int *depth
    cdef int *told
    #: Group and number of the memo, of each value that has to be asked for.
    cdef int *memos
    cdef int start, end
    cdef bint start_text, end_text
    cdef object keeps, timestamp, unescaped

    def __cinit__(self, elements, int groups, told, escaped, memos, times, keeps, timestamp, unescaped):
        cdef int group, depth
        if groups < 0 or groups > GROUPS or len(elements) > LENGTH:
            raise ValueError("too long")
        if sorted(_captured(elements)) != [*range(groups)]:  # each is set, or reset, by every line that matches
            raise ValueError("no such group")
        self.depth = self.told = self.memos = NULL
        self.depth = <int *> malloc((groups + 1) * sizeof(int))
        if self.depth == NULL:
            raise MemoryError
        for group in range(groups):
            self.depth[group] = 0
        for group, depth in escaped:
            _within(group, groups)
            self.depth[group] = depth
        self.elements, self.groups = list(elements), groups
        self.told, self.told_count = _ints(told), len(told)
        self.asked = [(seen, who, sure, depth) for seen, _, who, sure, depth in memos]
        asked = [(group, number) for number, (_, some, *_) in enumerate(memos) for group in some]
        self.memos, self.memo_count = _ints([one for pair in asked for one in pair]), len(asked)
        for group in (*told, *[one for one, _ in asked]):
            _within(group, groups)
        self.ways = {}
        self.start = self.end = -1
        start, end = times
        if start is not None:
            self.start, self.start_text = start
            _within(self.start, groups)
        if end is not None:
            self.end, self.end_text = end
            _within(self.end, groups)
        self.keeps, self.timestamp, self.unescaped = keeps, timestamp, unescaped

    def __dealloc__(self):
        free(self.depth)
        free(self.told)
        free(self.memos)

    def learn(self, groups, Way way):
        """Says how exchanges are counted that are told apart by these groups; `None`: they are not."""
        cdef int index
        key = bytearray()
        for index in range(self.told_count):
            one = groups[self.told[index]]
            key += b"\1" if one is None else one.encode()
            key += b"\0"
        if way is not None:
            _within(max(way.highest, 0), self.groups + (way.highest < 0))
        self.ways[bytes(key)] = way


def _captured(elements):
    """The groups in some elements."""
    found = []
    for element in elements:
        if element[0] == "group":
            found += [element[1], *_captured(element[2])]
        elif element[0] == "choice":
            inside = [group for one in element[3] for group in _captured(one)]
            if any(not element[1] <= group < element[2] for group in inside):
                raise ValueError("no such group")
            found += inside
        elif element[0] in ("repeat", "never") and _captured(element[len(element) - 1]):
            raise ValueError("no such group")
    return found


def _within(int group, int groups):
    if group < 0 or group >= groups:
        raise ValueError("no such group")


cdef class Scanner:
    """Many patterns as one tree.

    Args:
        doubts: kinds of exceptions that mean that an exchange cannot be counted.
    """

    cdef Op *ops
    cdef Node *nodes
    cdef unsigned char *pool
    cdef int op_count, op_room, node_count, node_room, pool_count, pool_room
    cdef dict known_ops
    cdef list templates
    cdef int spans[2 * GROUPS]
    cdef Bytes line
    cdef int size
    cdef bint ascii
    cdef readonly int missed
    cdef int64_t number
    cdef tuple doubts
    cdef public long hits

    def __cinit__(self, doubts):
        self.doubts = doubts
        self.ops, self.nodes, self.pool = NULL, NULL, NULL
        self.op_count = self.op_room = self.node_count = self.node_room = self.pool_count = self.pool_room = 0
        self.known_ops, self.templates = {}, []
        self.missed = -1
        self.hits = 0
        self._node(-1)

    def __dealloc__(self):
        free(self.ops)
        free(self.nodes)
        free(self.pool)

    # --- the tree ------------------------------------------------------------------------------------------------------

    cdef int _node(self, int op) except -1:
        cdef Node *more
        if self.node_count == self.node_room:
            more = <Node *> realloc(self.nodes, (2 * self.node_room + 64) * sizeof(Node))
            if more == NULL:
                raise MemoryError
            self.nodes, self.node_room = more, 2 * self.node_room + 64
        self.nodes[self.node_count] = Node(op, -1, -1, -1)
        self.node_count += 1
        return self.node_count - 1

    cdef int _put(self, bytes raw) except -1:
        """Where some bytes are in the pool."""
        cdef unsigned char *more
        cdef int size = <int> PyBytes_GET_SIZE(raw), at = self.pool_count
        if at + size > self.pool_room:
            more = <unsigned char *> realloc(self.pool, 2 * (at + size) + 4096)
            if more == NULL:
                raise MemoryError
            self.pool, self.pool_room = more, 2 * (at + size) + 4096
        memcpy(self.pool + at, PyBytes_AS_STRING(raw), size)
        self.pool_count += size
        return at

    cdef int _new(self, int kind, int low, int high, int child, int at, int size) except -1:
        cdef Op *more
        if self.op_count == self.op_room:
            more = <Op *> realloc(self.ops, (2 * self.op_room + 64) * sizeof(Op))
            if more == NULL:
                raise MemoryError
            self.ops, self.op_room = more, 2 * self.op_room + 64
        self.ops[self.op_count] = Op(kind, -1, child, -1, low, high, at, size)
        self.op_count += 1
        return self.op_count - 1

    cdef int _op(self, element, int deep, bint alone) except -1:
        """The number of an element; equal ones that stand in the tree have the same."""
        cdef int child, first, last, found
        if alone and element in self.known_ops:
            return self.known_ops[element]
        if deep > DEEP:
            raise ValueError("too deep")
        kind = element[0]
        if kind == "text":
            found = self._new(TEXT, 0, 0, -1, self._put(element[1]), len(element[1]))
        elif kind == "set":
            if len(element[1]) != 256:
                raise ValueError("no set")
            found = self._new(SET, element[2], element[3], -1, self._put(element[1]), 256)
        elif kind == "group":
            _within(element[1], GROUPS)
            found = self._new(GROUP, element[1], 0, self._sequence(element[2], deep), 0, 0)
        elif kind == "choice":
            _within(element[1], GROUPS + 1)
            _within(element[2], GROUPS + 1)
            first = last = -1
            for one in element[3]:
                # An empty alternative is a text of no letters.
                child = self._sequence(one or (("text", b""),), deep)
                if first < 0:
                    first = child
                else:
                    self.ops[last].other = child
                last = child
            found = self._new(CHOICE, element[1], element[2], first, 0, 0)
        elif kind == "repeat":
            found = self._new(REPEAT, element[1], element[2], self._sequence(element[3], deep), 0, 0)
        elif kind == "never":
            found = self._new(NEVER, 0, 0, self._sequence(element[1], deep), 0, 0)
        else:
            raise ValueError("no such element")
        if alone:
            self.known_ops[element] = found
        return found

    cdef int _sequence(self, elements, int deep) except -2:
        cdef int first = -1, last = -1, one
        for element in elements:
            one = self._op(element, deep + 1, False)
            if first < 0:
                first = one
            else:
                self.ops[last].next = one
            last = one
        if first < 0:
            raise ValueError("nothing inside")
        return first

    def add(self, Template template):
        """Takes one more pattern."""
        cdef int node = 0
        for element in template.elements:
            if element[0] == "text":
                node = self._text(node, element[1])
            else:
                node = self._below(node, self._op(element, 0, True))
        self.templates.append((template, self.nodes[node].template))
        self.nodes[node].template = len(self.templates) - 1

    cdef int _below(self, int node, int op) except -1:
        cdef int child = self.nodes[node].child, made
        while child >= 0:
            if self.nodes[child].op == op:
                return child
            child = self.nodes[child].sibling
        made = self._node(op)
        self.nodes[made].sibling = self.nodes[node].child
        self.nodes[node].child = made
        return made

    cdef int _text(self, int node, bytes text) except -1:
        """The node behind a text, which is cut where it is no longer that of others."""
        cdef int child, same, made
        cdef bytes there
        while text:
            child = self.nodes[node].child
            while child >= 0:
                if self.ops[self.nodes[child].op].kind == TEXT:
                    there = self._text_of(self.nodes[child].op)
                    if there[:1] == text[:1]:
                        break
                child = self.nodes[child].sibling
            if child < 0:
                return self._below(node, self._op(("text", text), 0, True))
            same = 0
            while same < len(there) and same < len(text) and there[same : same + 1] == text[same : same + 1]:
                same += 1
            if same < len(there):
                made = self._node(self._op(("text", there[same:]), 0, True))
                self.nodes[made].child, self.nodes[made].template = self.nodes[child].child, self.nodes[child].template
                self.nodes[child].op = self._op(("text", there[:same]), 0, True)
                self.nodes[child].child, self.nodes[child].template = made, -1
            node, text = child, text[same:]
        return node

    cdef bytes _text_of(self, int op):
        return PyBytes_FromStringAndSize(<char *> self.pool + self.ops[op].at, self.ops[op].size)

    # --- matching ------------------------------------------------------------------------------------------------------

    cdef int _run(self, int i, int p) noexcept:
        """The place behind a sequence; -1 if it is not there."""
        while i >= 0:
            p = self._step(i, p)
            if p < 0:
                return -1
            i = self.ops[i].next
        return p

    cdef int _step(self, int i, int p) noexcept:
        """The place behind one element; -1 if it is not there."""
        cdef Op *op = self.ops + i
        cdef int kind = op.kind, number, q, end, one
        cdef Bytes line = self.line
        cdef unsigned char *allowed
        if kind == TEXT:
            if self.size - p < op.size or memcmp(line + p, self.pool + op.at, op.size) != 0:
                return -1
            return p + op.size
        if kind == SET:
            allowed = self.pool + op.at
            end = self.size if op.high < 0 or op.high > self.size - p else p + op.high
            q = p
            while q + 4 <= end and allowed[line[q]] & allowed[line[q + 1]] & allowed[line[q + 2]] & allowed[line[q + 3]]:
                q += 4
            while q < end and allowed[line[q]]:
                q += 1
            return q if q - p >= op.low else -1
        if kind == GROUP:
            q = self._run(op.child, p)
            if q >= 0:
                self.spans[2 * op.low], self.spans[2 * op.low + 1] = p, q
            return q
        if kind == CHOICE:
            one = op.child
            while one >= 0:
                for number in range(op.low, op.high):
                    self.spans[2 * number] = -1
                q = self._run(one, p)
                if q >= 0:
                    return q
                one = self.ops[one].other
            return -1
        if kind == REPEAT:
            number = 0
            while op.high < 0 or number < op.high:
                q = self._run(op.child, p)
                if q < 0:
                    break
                number += 1
                if q == p:
                    break
                p = q
            return p if number >= op.low else -1
        return p if self._run(op.child, p) < 0 else -1

    cdef int _search(self, int node, int p) except -1:
        """Whether a pattern below a node is that of the rest of the line, and the exchange was counted."""
        cdef int child, q, before = -1, template
        cdef Op *op
        if p == self.size:
            template = self.nodes[node].template
            while template >= 0:
                one, template = self.templates[template]
                if self._count(<Template> one):
                    return 1
        child = self.nodes[node].child
        while child >= 0:
            op = self.ops + self.nodes[child].op
            if op.kind == TEXT:
                # Most texts that are not there differ in their first letter.
                if op.size > self.size - p or (op.size and self.line[p] != self.pool[op.at]):
                    q = -1
                else:
                    q = p + op.size if memcmp(self.line + p, self.pool + op.at, op.size) == 0 else -1
            else:
                q = self._step(self.nodes[child].op, p)
            if q >= 0 and self._search(child, q):
                if before >= 0:  # the last one that matched is tried first
                    self.nodes[before].sibling = self.nodes[child].sibling
                    self.nodes[child].sibling = self.nodes[node].child
                    self.nodes[node].child = child
                return 1
            before, child = child, self.nodes[child].sibling
        return 0

    def groups(self, Template template, bytes line):
        """The groups of a line as texts; `None` if it is not of a pattern.

        Raises:
            UnicodeDecodeError: it is no UTF-8.
        """
        cdef int p = 0
        if len(line) > LONG:
            return None
        line.decode()
        self.line, self.size = <Bytes> PyBytes_AS_STRING(line), <int> PyBytes_GET_SIZE(line)
        self.ascii = _is_ascii(self.line, self.size)
        for element in template.elements:
            p = self._step(self._op(element, 0, True), p)
            if p < 0:
                return None
        return tuple(self._raw_groups(template)) if p == self.size else None

    def run(self, bytes block, Py_ssize_t at, Py_ssize_t number, int most):
        """Counts the exchanges of the lines of a block up to one that it cannot count.

        Args:
            at: where in the block the next line begins; `number`: of the line before it.
            most: so many lines are looked at, at most.

        Returns:
            Where the next line begins that was not counted; the number of the line before it.
        """
        cdef Bytes begin = <Bytes> PyBytes_AS_STRING(block)
        cdef Bytes found
        cdef Py_ssize_t size = PyBytes_GET_SIZE(block), end, first, last
        if at < 0 or at > size:
            raise ValueError("beyond the block")
        while most > 0 and at < size:
            found = <Bytes> memchr(begin + at, 10, size - at)
            if found == NULL:
                return at, number
            end = found - begin
            first, last = at, end
            while first < last and _blank(begin[first]):
                first += 1
            while last > first and _blank(begin[last - 1]):
                last -= 1
            if last > first:
                if last - first > LONG:
                    self.missed = -1
                    return at, number
                self.line, self.size, self.number = begin + first, <int> (last - first), number + 1
                self.missed = -1
                self.ascii = _is_ascii(self.line, self.size)
                if not self.ascii:
                    try:
                        PyUnicode_DecodeUTF8(<const char *> self.line, self.size, NULL)
                    except UnicodeDecodeError:
                        return at, number
                if not self._search(0, 0):
                    return at, number
                self.hits += 1
            at, number, most = end + 1, number + 1, most - 1
        return at, number

    # --- what is asked of the groups -----------------------------------------------------------------------------------

    cdef object _raw(self, int group):
        """A group as it stands there."""
        cdef int first = self.spans[2 * group], size
        cdef object text
        if first < 0:
            return None
        size = self.spans[2 * group + 1] - first
        if not self.ascii:
            return PyUnicode_DecodeUTF8(<const char *> self.line + first, size, NULL)
        text = PyUnicode_New(size, 127)
        memcpy(PyUnicode_DATA(text), self.line + first, size)
        return text

    cdef object _value(self, Template template, int group):
        """A group as a value."""
        cdef int first = self.spans[2 * group]
        if first < 0 or self._plain(template, group):
            return self._raw(group)
        return template.unescaped(self._raw(group), template.depth[group])

    cdef list _raw_groups(self, Template template):
        cdef int group
        return [self._raw(group) for group in range(template.groups)]

    cdef list _values(self, Template template):
        cdef int group
        return [self._value(template, group) for group in range(template.groups)]

    cdef bint _plain(self, Template template, int group) noexcept:
        """Whether the bytes of a group are those of its value."""
        cdef int first = self.spans[2 * group]
        if first < 0:
            return False
        return not template.depth[group] or memchr(self.line + first, 92, self.spans[2 * group + 1] - first) == NULL

    cdef int _compare(self, int one, int two) noexcept:
        """The order of two groups, as of texts."""
        cdef int a = self.spans[2 * one + 1] - self.spans[2 * one], b = self.spans[2 * two + 1] - self.spans[2 * two]
        cdef int told = memcmp(self.line + self.spans[2 * one], self.line + self.spans[2 * two], a if a < b else b)
        return told if told else a - b

    cdef double _seconds(self, Template template, int group, bint text) except? -7.0:
        cdef char number[40]
        cdef int first, size
        cdef double found
        if group < 0:
            return INFINITY
        first, size = self.spans[2 * group], self.spans[2 * group + 1] - self.spans[2 * group]
        if first < 0 or size > 39:
            raise ValueError("no time")
        if text:
            found = _usual(self.line + first, size)
            if found >= 0:
                return found
            moment = template.timestamp(self._raw(group))
            if moment is None:
                raise ValueError("no time")
            return moment
        found = _decimal(self.line + first, size)
        if found >= 0:
            return found
        memcpy(number, self.line + first, size)
        number[size] = 0
        return PyOS_string_to_double(number, NULL, NULL)

    cdef bint _count(self, Template template) except -1:
        """Whether the exchange of the line was counted."""
        cdef char key[2048]
        cdef int size = 0, index, group, first, length
        cdef PyObject *there
        cdef Way way
        cdef double start, end
        cdef list values = None
        for index in range(template.told_count):
            group = template.told[index]
            first = self.spans[2 * group]
            length = 1 if first < 0 else self.spans[2 * group + 1] - first
            if size + length + 1 > 2048:
                return False
            if first < 0:
                key[size] = 1
            else:
                memcpy(key + size, self.line + first, length)
            key[size + length] = 0
            size += length + 1
        there = PyDict_GetItem(template.ways, PyBytes_FromStringAndSize(key, size))
        if there == NULL:
            if self.missed < 0:
                self.missed = self._index(template)
            return False
        if <object> there is None:
            return False
        way = <Way> there
        for index in range(template.memo_count):
            group = template.memos[2 * index]
            if self.spans[2 * group] >= 0 and not self._holds(template, group, template.memos[2 * index + 1]):
                return False
        try:
            if template.keeps is not None:
                text = PyUnicode_DecodeUTF8(<const char *> self.line, self.size, NULL)
                if not template.keeps(text, self._raw_groups(template)):
                    return False
            start = self._seconds(template, template.start, template.start_text)
            end = self._seconds(template, template.end, template.end_text)
            for index in range(way.relation_count):
                first = self._related(template, way.relations[index])
                if first == 0:
                    return False
                if first < 0:
                    values = values or self._values(template)
                    if not way.checks[index](values):
                        return False
            if way.timed and not self._in_order(template, way, end):
                if not way.hold(values or self._values(template), end):
                    return False
            self._pack(template, way, start, end)
        except self.doubts:
            return False
        return True

    cdef int _pack(self, Template template, Way way, double start, double end) except -1:
        """Adds the row of the exchange."""
        cdef Pack pack = way.pack
        cdef Py_ssize_t at = pack.size + 28, size
        cdef uint32_t length
        cdef int index, group, first
        cdef bytes raw
        cdef const char *text
        pack.need(at)
        for index in range(way.row_count):
            group = way.row[index]
            first = self.spans[2 * group]
            if first < 0:
                length = NOTHING
                pack.need(at + 4)
                memcpy(pack.data + at, &length, 4)
                at += 4
                continue
            if self._plain(template, group):
                text, size = <const char *> self.line + first, self.spans[2 * group + 1] - first
            else:
                raw = template.unescaped(self._raw(group), template.depth[group]).encode()
                text, size = PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw)
            length = <uint32_t> size
            pack.need(at + 4 + size)
            memcpy(pack.data + at, &length, 4)
            memcpy(pack.data + at + 4, text, size)
            at += 4 + size
        length = <uint32_t> (at - pack.size - 4)
        memcpy(pack.data + pack.size, &length, 4)
        memcpy(pack.data + pack.size + 4, &start, 8)
        memcpy(pack.data + pack.size + 12, &end, 8)
        memcpy(pack.data + pack.size + 20, &self.number, 8)
        pack.size = at
        pack.count += 1
        return 0

    cdef int _related(self, Template template, Relation asked) noexcept:
        """Whether a relation surely holds (1) or not (0); -1 where Python has to be asked."""
        if asked.kind == OTHER or not self._plain(template, asked.one) or not self._plain(template, asked.two):
            return -1
        if asked.kind == PHONES and not (self._phone(asked.one) and self._phone(asked.two)):
            return -1
        return (self._compare(asked.one, asked.two) == 0) == (asked.kind == EQUAL)

    cdef int _index(self, Template template):
        for index, (one, _) in enumerate(self.templates):
            if one is template:
                return index
        return -1

    cdef bint _phone(self, int group) noexcept:
        """Whether a group is `+` and digits."""
        cdef int p = self.spans[2 * group], end = self.spans[2 * group + 1]
        if end - p < 2 or self.line[p] != 43:
            return False
        for p in range(p + 1, end):
            if not 48 <= self.line[p] <= 57:
                return False
        return True

    cdef bint _in_order(self, Template template, Way way, double received) except -1:
        """Whether the times of an exchange surely are in order."""
        cdef int index, group, one, two, first
        if not way.loose:
            return False
        for index in range(way.pair_count):
            one, two = way.pairs[2 * index], way.pairs[2 * index + 1]
            if not (self._plain(template, one) and self._plain(template, two)) or self._compare(one, two) > 0:
                return False
        if not way.before_count:
            return True
        if not way.begin <= received < way.until:
            if not received < INFINITY:
                return False
            limit, way.begin = way.limit_at(received)
            way.until = way.begin + way.step
            if len(limit) != 19:
                way.until = way.begin
                return False
            memcpy(way.limit, PyBytes_AS_STRING(limit), 19)
        for index in range(way.before_count):
            group = way.before[index]
            first = self.spans[2 * group]
            # A text that is a beginning of the limit would be before it, too; times are never that short.
            if not self._plain(template, group) or self.spans[2 * group + 1] - first < 19:
                return False
            if memcmp(self.line + first, way.limit, 19) >= 0:
                return False
        return True

    cdef bint _holds(self, Template template, int group, int memo) except -1:
        """Whether a text is one of those that may be there."""
        cdef int first = self.spans[2 * group], size = self.spans[2 * group + 1] - first
        cdef bytes raw
        cdef set seen
        asked = template.asked[memo]
        if asked[2] and _harmless(self.line + first, size, asked[3], asked[2] == SENTENCES):
            return True
        raw, seen = PyBytes_FromStringAndSize(<char *> self.line + first, size), asked[0]
        if PySet_Contains(seen, raw):
            return True
        try:
            if not asked[1]((raw.decode(),)):
                return False
        except self.doubts:
            return False
        if size <= 256:
            if len(seen) >= 4096:
                seen.clear()
            seen.add(raw)
        return True


cdef bint _blank(unsigned char one) noexcept:
    return one == 32 or one == 9 or one == 13 or one == 10


cdef bint _is_ascii(Bytes line, int size) noexcept:
    cdef unsigned char every = 0
    cdef int index
    for index in range(size):
        every |= line[index]
    return every < 128


cdef bint _harmless(Bytes text, int size, int depth, bint sentence) noexcept:
    """Whether a text surely is no word for null and no marker of a recorder: it is longer than these words, begins with a letter
    or digit, but not as such markers do, and has neither three asterisks nor four x in a row, nor any escape but those of single
    letters beyond ASCII.

    Args:
        depth: how many backslashes an escape has.
        sentence: whether it has to be a text as `leaves.OF_SENTENCES` says, too.
    """
    cdef unsigned char one = text[0], two, seen = 0
    cdef int index, xs = 0, stars = 0
    if size < 10:
        return False
    two = text[1]
    if not (97 <= one | 32 <= 122 or (48 <= one <= 57 and not sentence)):
        return False
    # redacted in any letters; FILTERED, MASKED, SCRUBBED, SANITIZED
    if one | 32 == 114 and two | 32 == 101:
        return False
    if (one == 70 and two == 73) or (one == 77 and two == 65) or (one == 83 and (two == 67 or two == 65)):
        return False
    if sentence and (size > 400 or memchr(text, 32, size) == NULL):
        return False
    for index in range(size):
        seen |= LETTERS[text[index]]
    if not seen:
        return True
    index = 0
    while index < size:
        one = text[index]
        if one == 92:
            if not _is_letter(text + index, size - index, depth):
                return False
            index += depth + 5
            xs = stars = 0
            continue
        stars = stars + 1 if one == 42 else 0
        xs = xs + 1 if one | 32 == 120 else 0
        if stars == 3 or xs == 4:
            return False
        index += 1
    return True


cdef bint _is_letter(Bytes text, int size, int depth) noexcept:
    """Whether here is the escape of one letter beyond ASCII, none of those that go in pairs."""
    cdef int index, digit, code = 0
    if size < depth + 5 or text[depth] != 117:
        return False
    for index in range(depth):
        if text[index] != 92:
            return False
    for index in range(depth + 1, depth + 5):
        digit = text[index]
        if 48 <= digit <= 57:
            digit -= 48
        elif 97 <= digit | 32 <= 102:
            digit = (digit | 32) - 87
        else:
            return False
        code = 16 * code + digit
    return 0xA0 <= code < 0xD800 or 0xE000 <= code


cdef int _number(Bytes text, int size) noexcept:
    cdef int found = 0, index
    for index in range(size):
        found = 10 * found + (text[index] - 48)
    return found


cdef double _decimal(Bytes text, int size) noexcept:
    """What `1790000000.123456` says, of at most nineteen digits, nine of them behind the point; -1 for what Python has to read."""
    cdef unsigned long long digits = 0
    cdef int index, places = 0
    cdef bint behind = False
    if size > 19:
        return -1
    for index in range(size):
        if 48 <= text[index] <= 57:
            digits = 10 * digits + (text[index] - 48)
            places += behind
        elif text[index] == 46 and not behind:
            behind = True
        else:
            return -1
    return nearest(digits, places) if places <= 9 else -1


cdef double _usual(Bytes text, int size) noexcept:
    """Seconds since 1970 of `2026-03-02T09:15:00.123Z`, which was matched as a date-time; -1 for one that Python has to read."""
    cdef long long year, month, day, days, micros
    if size not in (20, 24, 27) or text[size - 1] != 90:
        return -1
    year, month, day = _number(text, 4), _number(text + 5, 2), _number(text + 8, 2)
    if not 1970 <= year < 2200:  # beyond, not every microsecond is a number
        return -1
    # Days from 1970-03-01 in the calendar that begins with March.
    if month <= 2:
        year -= 1
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468
    micros = ((days * 24 + _number(text + 11, 2)) * 60 + _number(text + 14, 2)) * 60 + _number(text + 17, 2)
    micros *= 1000000
    if size == 24:
        micros += 1000 * _number(text + 20, 3)
    elif size == 27:
        micros += _number(text + 20, 6)
    return <double> micros / 1e6
