# What can be done to the tensor at a hook point, as TorchScript: x is the tensor
# there, usually [B,T,C], and the result takes its place.
#
# Each method acts on a part of x, which its first arguments name: rows of the batch,
# ranges of positions `at` (both ends, two numbers each, negative ones from the end),
# columns (the first and their number), each None for all. What is not named keeps
# its bits. `first` is the position that x begins with where the run goes on an
# earlier one, -1 where x is the whole run, which then must have every position. Where
# x is a whole text of which n positions were read before, first is -1 - n. Positions that
# x does not hold are passed over then, as with a first of 0 and more.

def scale(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, by: float) -> Tensor:
    return self.put(x, rows, at, columns, first, self.part(x, rows, at, columns, first) * by)

def zero(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int) -> Tensor:
    return self.put(x, rows, at, columns, first, torch.zeros_like(self.part(x, rows, at, columns, first)))

def mean(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int) -> Tensor:
    # the mean over all positions of the run, also where it acts on few
    mean = self.part(x, rows, None, columns, first).mean(1, keepdim=True)
    part = self.part(x, rows, at, columns, first)
    return self.put(x, rows, at, columns, first, mean.expand_as(part).contiguous())

def add(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, v: Tensor, by: float) -> Tensor:
    at = self.begun(at, first, v)
    v = self.fitted(x, rows, at, columns, first, v).to(x)  # in the type of x, which the modules behind want
    return self.put(x, rows, at, columns, first, self.part(x, rows, at, columns, first) + (v if by == 1.0 else v * by))

def set(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, v: Tensor) -> Tensor:
    at = self.begun(at, first, v)
    v = self.fitted(x, rows, at, columns, first, v)
    return self.put(x, rows, at, columns, first, torch.empty_like(self.part(x, rows, at, columns, first)).copy_(v))

def noise(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, sd: float, seed: int) -> Tensor:
    # Drawn for the whole of x, so that a position's noise is the same whatever else is left out.
    g = torch.Generator(device=torch.device("cpu"), seed=seed)
    noise = torch.randn(x.size(), generator=g).to(x)
    part = self.part(x, rows, at, columns, first) + self.part(noise, rows, at, columns, first) * sd
    return self.put(x, rows, at, columns, first, part)

def project_out(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, v: Tensor) -> Tensor:
    # what is left of x at a right angle to v
    part = self.part(x, rows, at, columns, first)
    assert v.dim() == 1 and v.size(0) == part.size(-1), "a direction of shape {} does not fit this point, which has the shape {}".format(v.size(), part.size())
    v = v.to(x)
    v = v / v.norm()
    return self.put(x, rows, at, columns, first, part - (part * v).sum(-1, keepdim=True) * v)

def patch(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, source: Tensor, taken: Optional[List[int]]) -> Tensor:
    # What another run has, source [B,T',C], of which the columns are taken if they were
    # not, at the positions that `pairs` finds.
    to, by = self.pairs(x.size(1), at, first, source.size(1), taken)
    if len(to) == 0:
        return x
    source = source.index_select(1, torch.tensor(by, dtype=4, device=source.device))
    whole = at is None and len(to) == x.size(1)
    here: Optional[List[int]] = None
    if not whole:
        here = []
        for p in to:
            here += [p, p]
    part = self.part(x, rows, here, columns, -1)
    if columns is not None and source.size(-1) != columns[1]:
        source = source.narrow(-1, columns[0], columns[1])
    return self.put(x, rows, here, columns, -1, torch.empty_like(part).copy_(source))

def pairs(self, T: int, at: Optional[List[int]], first: int, S: int, taken: Optional[List[int]]) -> Tuple[List[int], List[int]]:
    # Which positions of x are replaced, and by which of the other run's S positions: those
    # named by `taken`, or by `at` if it is None, one for one as they are written. Each is
    # counted in its own text, so that -1 is the last of both. Of a text that is read in
    # steps, the pairs that a step holds are returned.
    start = max(first, 0)
    n = start + T
    began = first < 1 and first > -2  # nothing was read before: every position must have its partner
    ends = at if at is not None else [0, -1]
    there = taken if taken is not None else ends
    source: List[int] = []
    for i in range(len(there) // 2):
        a, b = there[2 * i], there[2 * i + 1]
        a = a + S if a < 0 else a
        b = b + S if b < 0 else b
        assert a >= 0 and a < S, "the other run has no position {}: it has {}, counted from 0 or from -1 back".format(there[2 * i], S)
        assert b >= a and b < S, "the other run has no position {}: it has {}, counted from 0 or from -1 back".format(there[2 * i + 1], S)
        source += [p for p in range(a, b + 1)]
    to: List[int] = []
    by: List[int] = []
    k = 0
    for i in range(len(ends) // 2):
        a, b = ends[2 * i], ends[2 * i + 1]
        a = a + n if a < 0 else a
        b = b + n if b < 0 else b
        if began:
            assert a >= 0 and (a < n or first == 0), "there is no position {}: the run has {}, counted from 0 or from -1 back".format(ends[2 * i], n)
            assert b >= a and (b < n or first == 0), "there is no position {}: the run has {}, counted from 0 or from -1 back".format(ends[2 * i + 1], n)
        for p in range(max(a, start), min(b, n - 1) + 1):
            if p - start not in to and k + p - a < len(source):
                to.append(p - start)
                by.append(source[k + p - a])
        k += b - a + 1
    if began and k != len(source):
        if at is None and taken is None:
            assert False, "the other run has {} positions, and this one {}: say which take the place of which".format(S, n)
        assert False, "{} positions of the other run cannot take the place of {}: say which take the place of which".format(len(source), k)
    return to, by

def check_patch(self, T: int, at: Optional[List[int]], S: int, taken: Optional[List[int]]) -> Tensor:
    # fails as a patch of a whole run of T positions would
    return torch.tensor(self.pairs(T, at, -1, S, taken)[0], dtype=4)

def part(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int) -> Tensor:
    # the part of x that is acted on; x itself where nothing is left out
    if rows is not None:
        x = x.index_select(0, torch.tensor(rows, dtype=4, device=x.device))
    if at is not None:
        x = x.index_select(1, torch.tensor(self.places(x.size(1), at, first), dtype=4, device=x.device))
    if columns is not None:
        x = x.narrow(-1, columns[0], columns[1])
    return x

def put(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, part: Tensor) -> Tensor:
    # x with the part in its place
    if columns is not None:
        whole = self.part(x, rows, at, None, first).clone()
        whole.narrow(-1, columns[0], columns[1]).copy_(part)
        part = whole
    if at is not None:
        whole = self.part(x, rows, None, None, first)
        part = whole.index_copy(1, torch.tensor(self.places(x.size(1), at, first), dtype=4, device=x.device), part)
    if rows is not None:
        part = x.index_copy(0, torch.tensor(rows, dtype=4, device=x.device), part)
    return part

def places(self, T: int, at: Optional[List[int]], first: int) -> List[int]:
    # Ranges as numbers from 0 among the T positions that begin with the position `first`.
    if at is None:
        return [p for p in range(T)]
    start = max(first, 0)
    n = start + T
    out: List[int] = []
    for i in range(len(at) // 2):
        a, b = at[2 * i], at[2 * i + 1]
        a = a + n if a < 0 else a
        b = b + n if b < 0 else b
        if first == -1:
            assert a >= 0 and a < n, "there is no position {}: the run has {}, counted from 0 or from -1 back".format(at[2 * i], n)
            assert b >= a and b < n, "there is no position {}: the run has {}, counted from 0 or from -1 back".format(at[2 * i + 1], n)
        for p in range(max(a, start), min(b, n - 1) + 1):
            if p - start not in out:
                out.append(p - start)
    return out

def begun(self, at: Optional[List[int]], first: int, v: Tensor) -> Optional[List[int]]:
    # In a run that goes on, an array of several positions is for those at which the
    # text began.
    if at is None and (first > 0 or first < -1) and v.dim() > 1 and v.size(-2) > 1:
        return [0, v.size(-2) - 1]
    return at

def present(self, T: int, at: Optional[List[int]], first: int, v: Tensor) -> Tensor:
    # Of an array with a row for each of the positions `at`, in a run that goes on or
    # that others go on, the rows of those that are in it.
    if at is None or first == -1 or v.dim() < 2 or v.size(-2) < 2:
        return v
    start = max(first, 0)
    n = start + T
    named: List[int] = []
    for i in range(len(at) // 2):
        a, b = at[2 * i], at[2 * i + 1]
        a = a + n if a < 0 else a
        b = b + n if b < 0 else b
        for p in range(a, b + 1):
            if p not in named:
                named.append(p)
    if v.size(-2) != len(named):
        return v
    rows: List[int] = []
    for i in range(len(named)):
        if named[i] >= start and named[i] < n:
            rows.append(i)
    return v.index_select(-2, torch.tensor(rows, dtype=4, device=v.device))

def fitted(self, x: Tensor, rows: Optional[List[int]], at: Optional[List[int]], columns: Optional[List[int]], first: int, v: Tensor) -> Tensor:
    # v as it goes with the part: it has the part's shape, or the whole point's, of
    # which the part is taken. It is repeated over the leading dimensions that it
    # lacks: [C] acts on every position.
    part = self.part(x, rows, at, columns, first)
    v = self.present(x.size(1), at, first, v)
    if self.fits(v, part):
        return v
    whole = self.part(x, rows, None, columns, first)
    # The message has one name for each, since it goes to people.
    assert self.fits(v, whole), "a tensor of shape {} does not fit this point, which has the shape {}".format(v.size(), part.size())
    return self.part(v.expand_as(whole), None, at, None, first)

def fits(self, v: Tensor, x: Tensor) -> bool:
    if v.dim() > x.dim():
        return False
    for d in range(v.dim()):
        n = v.size(v.dim() - 1 - d)
        if n != 1 and n != x.size(x.dim() - 1 - d):
            return False
    return True
