"""explain: every case as a user reads it, and the same as data."""

from __future__ import annotations

import doctest
import gc
import math
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import random_formulas
from hypothesis import given
from hypothesis import strategies as st
from work import work_grows_with

import autograd
import nn
from autograd import Value, explain, no_grad, record_lines
from autograd.engine.graph import topological_order
from autograd.explaining.diagnoses import REMEDIES
from autograd.explaining.explanation import Explanation, Finding
from autograd.explaining.path_sums import paths

# What a student writes, asks, and reads -----------------------------------------------------------

CASES: list[Any] = []


def case(text: str) -> Callable[[Callable[[], Explanation]], Callable[[], Explanation]]:
    """A program, and what is to be found: `...` stands for words that may change, and the remedies
    are those of REMEDIES. The page of documentation has full texts."""

    def keep(program: Callable[[], Explanation]) -> Callable[[], Explanation]:
        CASES.append(pytest.param(program, text, id=program.__name__))
        return program

    return keep


@case("""\
∂loss/∂w = 0
  dead relu: h = relu(v1) ... v1 = w * x = -3 ... 0
    path: w–v1–h–v2–loss  2 × 0 × 1 × (-2) = 0""")
def dead_relu() -> Explanation:
    w, x = Value(-1.5, "w"), Value(2.0, "x")
    h = autograd.relu(w * x)
    loss = (h - 1) ** 2
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂x = 0
  beyond margin: v4 = relu(v3) ... beyond the margin, because v2 = 1 * v1 = 6 is at least 1
    path: x–v1–v2–v3–v4–v5–loss  3 × 1 × (-1) × 0 × 0.5 × 1 = 0""")
def hinge_loss_of_a_sample_that_is_right() -> Explanation:
    x = Value(2.0, "x")
    loss = nn.hinge_loss([x * 3, 0.5], [1, 1]) + Value(0.1, "r")
    loss.label = "loss"
    return explain(x, loss)


@case("""\
∂loss/∂w = 0
  dead relu: h = relu(v2) ... v2 = 1 - v1 = -5 ... 0
    path: w–v1–v2–h–v3–loss  2 × (-1) × 0 × 4 × 1 = 0""")
def unit_of_the_form_of_a_hinge_loss() -> Explanation:
    """Its output goes on to a weight: it is no loss."""
    w, x, u = Value(3.0, "w"), Value(2.0, "x"), Value(4.0, "u")
    h = autograd.relu(1 - w * x)
    loss = u * h + 1
    return explain(w, loss)


@case("""\
∂out/∂z = 4.24835425529e-18
  saturated: out = sigmoid(z) ... z = 40: ... 4.248e-18
    path: z–out  4.24835e-18""")
def saturated_sigmoid() -> Explanation:
    z = Value(40.0, "z")
    out = autograd.sigmoid(z)
    out.backward()
    return explain(z)


@case("""\
∂loss/∂b = 1.65597467618e-07
  saturated: h = tanh(v2) ... v2 = v1 + b = 8.5: ... 1.656e-07
    path: b–v2–h–v3–loss  1 × 1.65597e-07 × 1 × 1 = 1.65597e-07""")
def saturated_tanh_in_a_network() -> Explanation:
    w, b, x = Value(4.0, "w"), Value(0.5, "b"), 2.0
    h = autograd.tanh(w * x + b)
    loss = (h - 0.5) ** 2
    loss.backward()
    return explain(b)


@case("""\
∂y/∂x = 0
  saturated: v1 = tanh(x) ... x = 800: ... 0
    path: x–v1–y  0 × 2 = 0""")
def flat_tanh() -> Explanation:
    x = Value(800.0, "x")
    y = 2 * x.tanh()
    y.backward()
    return explain(x)


@case("""\
∂loss/∂w = 0
  detached: h#2 ... h, 2.2035, ... most likely ... detach(); ...
    path: h#2–loss  2""")
def detached() -> Explanation:
    w = Value(0.7345, "w")
    h = w * 3
    h.label = "h"
    target = h.detach()
    loss = target * 2
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 0
  detached: cut ... h, 6, ... detach(): ...
    path: cut–loss (input 1)  6
    line: HERE, line N: cut = h.detach()""")
def detached_on_a_recorded_line() -> Explanation:
    w = Value(2.0, "w")
    with record_lines():
        h = w * 3
        cut = h.detach()
    loss = cut * cut
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 0
  copied: again ... h, 2.2035: most likely ... .data, ... detach() ... no_grad(); ...
    path: again–loss  2""")
def remade_from_data() -> Explanation:
    w = Value(0.7345, "w")
    h = w * 3
    again = Value(h.data)
    loss = again * 2
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 2
  copied: again ... h, 2, ... .data: ...
    path: again–loss  2
    line: HERE, line N: again = Value(h.data)""")
def remade_on_a_recorded_line() -> Explanation:
    w = Value(0.5, "w")
    with record_lines():
        h = w + 1.5
        again = Value(h.data)
        loss = again * h
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 0
  copied: v ... w, 0.7345: most likely ... .data, ... detach() ... no_grad(); ...
    path: v–loss  2""")
def remade_leaf() -> Explanation:
    w = Value(0.7345, "w")
    again = Value(w.data, "v")
    loss = again * 2
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 0
  no grad: h ... no_grad(): ...
    path: h–loss (input 1)  1.5
    line: HERE, line N, inside no_grad: h = w * 3""")
def inside_no_grad() -> Explanation:
    w = Value(0.5, "w")
    with record_lines(), no_grad():
        h = w * 3
    loss = h * h
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 0
  no grad: loss ... no_grad(): ...
    line: HERE, line N, inside no_grad: loss = w * 3""")
def result_inside_no_grad() -> Explanation:
    w = Value(0.5, "w")
    with record_lines(), no_grad():
        loss = w * 3
    return explain(w, loss)


@case("""\
∂loss/∂w = 0
  no graph: loss ... no_grad()""")
def result_without_a_graph() -> Explanation:
    w = Value(0.5, "w")
    with no_grad():
        loss = w * 3
    return explain(w, loss)


@case("""\
∂loss/∂w = 0
  unused: loss ... w, ... a, b""")
def unused() -> Explanation:
    w, a, b = Value(1.0, "w"), Value(2.0, "a"), Value(3.0, "b")
    loss = a * b
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 0
  replaced: w = w#2 - 0.2 ... loss ... w#2, ... w""")
def parameter_replaced_by_a_step() -> Explanation:
    w = Value(1.0, "w")
    loss = w * w
    loss.backward()
    w = w - 0.1 * w.grad
    return explain(w, loss)


@case("""\
∂y/∂a = 0
  not taken: v1 = max(a, b) ... b = 2, ... a = 1
    path: a–v1–y  0 × 3 = 0""")
def max_not_taken() -> Explanation:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    y = 3 * autograd.max([a, b])
    y.backward()
    return explain(a)


@case("""\
∂y/∂x = 0
  not taken: y = where(0, x, 0.5) ...
    path: x–y  0""")
def where_not_taken() -> Explanation:
    x = Value(-2.0, "x")
    y = autograd.where(x > 0, x, 0.5)
    y.backward()
    return explain(x)


@case("""\
∂y/∂a = 0
  not taken: y = where(c, a, b) ... c = 0
    path: a–y  0""")
def where_by_a_value() -> Explanation:
    c, a, b = Value(0.0, "c"), Value(2.0, "a"), Value(3.0, "b")
    y = autograd.where(c, a, b)
    y.backward()
    return explain(a)


@case("""\
∂y/∂c = 0
  not taken: y = where(c, a, 3) ... c = 1 ... 0: ...
    path: c–y  0""")
def condition_of_where() -> Explanation:
    c, a = Value(1.0, "c"), Value(2.0, "a")
    y = autograd.where(c, a, 3.0)
    y.backward()
    return explain(c)


@case("""\
∂y/∂x = 0
  not taken: y = clip(x, 0, 5) ... 5: x = 7 ...
    path: x–y  0""")
def clipped() -> Explanation:
    x = Value(7.0, "x")
    y = autograd.clip(x, 0, 5)
    y.backward()
    return explain(x)


@case("""\
∂y/∂lo = 0
  not taken: y = clip(x, lo, 5) ... lo = 0
    path: lo–y  0""")
def bound_of_clip() -> Explanation:
    x, lo = Value(3.0, "x"), Value(0.0, "lo")
    y = autograd.clip(x, lo, 5)
    y.backward()
    return explain(lo)


@case("""\
∂y/∂x = 0
  step: v1 = floor(x) ... 0
    path: x–v1–y  0 × 2 = 0""")
def rounded() -> Explanation:
    x = Value(2.6, "x")
    y = autograd.floor(x) * 2
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 0
  flat: y = abs(x) ... x = 0: ... 0 (derivative 0 ... 0)
    path: x–y  0""")
def stationary() -> Explanation:
    x = Value(0.0, "x")
    y = abs(x)
    y.backward()
    return explain(x)


@case("""\
∂y/∂w = 0
  zero factor: y = v * v1 ... v1: v = 0
    path: w–v1–y  2 × 0 = 0""")
def weights_that_are_all_zero() -> Explanation:
    v, w, x = Value(0.0, "v"), Value(0.0, "w"), Value(2.0, "x")
    y = v * (w * x)
    y.backward()
    return explain(w)


@case("""\
z = nan, computed from x, y
  1 gradient of 2 is infinite: x
  1 gradient of 2 is 0: y
  zero times infinity: z = x * y ... nan ... x = 0, y = inf: 0 ... inf ...
  infinite input: y ... inf ...
    path: y–z  0
  zero factor: z = x * y ... y: x = 0
    path: y–z  0""")
def zero_times_infinity() -> Explanation:
    x, y = Value(0.0, "x"), Value(math.inf, "y")
    z = x * y
    z.backward()
    return explain(z)


@case("""\
∂length/∂x = nan
  zero times infinity: v1 ... inf ... 0 ... x: inf × 0 ... nan
    path: x–v1 (input 1)–v3–length  0 × 1 × inf = nan
  root of 0: length = sqrt(v3) ... v3 = v1 + v2 = 0: ...
    path: v1–v3–length  1 × inf = inf""")
def zero_times_infinity_on_the_way_back() -> Explanation:
    x, y = Value(0.0, "x"), Value(0.0, "y")
    length = autograd.sqrt(x * x + y * y)
    length.backward()
    return explain(x)


@case("""\
y = nan, computed from a, b
  2 gradients of 2 are infinite: a, b
  infinity minus infinity: y = v1 - v2 ... nan ... v1 = exp(a) = inf, v2 = exp(b) = inf: inf - inf \
...
  overflow: v1 = exp(a) ... inf ... a = 800: ... 1.8e308
    path: v1–y  1
    the same in 1 other place""")
def infinity_minus_infinity() -> Explanation:
    a, b = Value(800.0, "a"), Value(900.0, "b")
    y = autograd.exp(a) - autograd.exp(b)
    y.backward()
    return explain(y)


@case("""\
share = nan, computed from a
  1 gradient of 1 is nan: a
  infinity over infinity: share = v1 / v2 ... nan ... v1 = exp(a) = inf, v2 = exp(a) = inf: inf / \
inf ...
  overflow: v1 = exp(a) ... inf ... a = 800: ... 1.8e308
    path: v1–share  0
  no backward: share.grad ... 0: ... backward() ... zero_grad()""")
def infinity_over_infinity() -> Explanation:
    a = Value(800.0, "a")
    share = autograd.exp(a) / autograd.exp(a)
    return explain(share)


@case("""\
∂y/∂x = 0
  undecided: 0 × ∞, decided as 0: not reliable here; y = r * r has slope 0 in r = sqrt(x) = 0, and \
r = sqrt(x) has slope inf in x = 0
    path: x–r–y (input 1)  inf × 0 = 0""")
def undecided() -> Explanation:
    x = Value(0.0, "x")
    r = autograd.sqrt(x)
    y = r * r
    y.backward()
    return explain(x, y)


@case("""\
∂loss/∂p = -inf
  log of 0: v1 = log(p) ... -inf ... p = 0: ... 0 ... -inf
    path: p–v1–loss  inf × (-1) = -inf
    line: HERE, line N: loss = -autograd.log(p)""")
def log_of_0() -> Explanation:
    p = Value(0.0, "p")
    with record_lines():
        loss = -autograd.log(p)
    loss.backward()
    return explain(p)


@case("""\
y = nan, computed from x
  outside domain: v1 = log(x) ... nan ... x = -1: ...
    path: v1–y  2""")
def log_of_a_negative_number() -> Explanation:
    x = Value(-1.0, "x")
    y = autograd.log(x) * 2
    y.backward()
    return explain(y)


@case("""\
∂y/∂x = inf
  root of 0: y = sqrt(x) ... x = 0: ...
    path: x–y  inf""")
def sqrt_of_0() -> Explanation:
    x = Value(0.0, "x")
    y = x.sqrt()
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = -inf
  edge of domain: y = acos(x) ... x = 1: ...
    path: x–y  -inf""")
def edge_of_a_domain() -> Explanation:
    x = Value(1.0, "x")
    y = autograd.acos(x)
    y.backward()
    return explain(x)


@case("""\
∂y/∂b = nan
  outside domain: y = a ** b: ... a = -2, ... 0
    path: b–y  nan""")
def varying_exponent_of_a_negative_base() -> Explanation:
    a, b = Value(-2.0, "a"), Value(3.0, "b")
    y = a**b
    y.backward()
    return explain(b)


@case("""\
∂y/∂b = -inf
  division by 0: y = a / d ... inf ... a = 1, d = b - 3 = 0: ... 0
    path: b–d–y  1 × (-inf) = -inf""")
def division_by_0() -> Explanation:
    a, b = Value(1.0, "a"), Value(3.0, "b")
    d = b - 3
    y = a / d
    y.backward()
    return explain(b)


@case("""\
y = nan, computed from a
  1 gradient of 1 is nan: a
  division by 0: y = a / v1 ... nan ... a = 0, v1 = a + a = 0: 0 ... 0 ...""")
def zero_over_zero() -> Explanation:
    a = Value(0.0, "a")
    y = a / (a + a)
    y.backward()
    return explain(y)


@case("""\
∂y/∂x = inf
  overflow: y = exp(x) ... inf ... x = 1000: ... 1.8e308
    path: x–y  inf""")
def overflow() -> Explanation:
    x = Value(1000.0, "x")
    y = autograd.exp(x)
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 0
  underflow: y = exp(x) ... 0, ... x = -1000 ...
    path: x–y  0""")
def underflow() -> Explanation:
    x = Value(-1000.0, "x")
    y = autograd.exp(x)
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 0
  underflow: ... 200 ... 1e-400; ... 5e-324 ... 0 ...
    path: x–v1–v2–v3–v4–v5–…–v196–v197–v198–v199–y  0.01 × 0.01 × 0.01 × 0.01 × 0.01 × 0.01 × … × \
0.01 × 0.01 × 0.01 × 0.01 × 0.01 = 0""")
def underflow_of_a_product() -> Explanation:
    x = Value(1.0, "x")
    y = x
    for _ in range(200):
        y = y * 0.01
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 0
  cancelling: x ... 5 ... -5, ... up ... 0
    path: x–up–y  5 × 1 = 5
    path: x–down–y  5 × (-1) = -5""")
def cancelling_paths() -> Explanation:
    x = Value(3.0, "x")
    up = 5 * x
    down = 5 * x
    y = up - down
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 0
  cancelling: x gets 4 and -3 and one more message, which add up to 0
    path: x–v1–v3–y  4 × 1 × 1 = 4
    path: x–v2–v3–y  3 × (-1) × 1 = -3""")
def three_messages_that_cancel() -> Explanation:
    x = Value(3.0, "x")
    y = 4 * x - 3 * x - x
    y.label = "y"
    return explain(x, y)


@case("""\
∂y/∂x = 0.001
  cancelling: x ... 5 ... -4.999, ... up ... 0.001
    path: x–up–y  5 × 1 = 5
    path: x–down–y  4.999 × (-1) = -4.999""")
def paths_that_nearly_cancel() -> Explanation:
    x = Value(3.0, "x")
    up = 5 * x
    down = 4.999 * x
    y = up - down
    y.backward()
    return explain(x)


@case("""\
∂loss/∂w = 6
  no backward: loss.grad ... 0: ... backward() ... zero_grad(); w.grad ... 0""")
def never_called() -> Explanation:
    w = Value(3.0, "w")
    loss = w * w
    return explain(w, loss)


@case("""\
∂loss/∂w = 6
  accumulated: w.grad ... 12, 2 ...""")
def accumulated() -> Explanation:
    w = Value(3.0, "w")
    for _ in range(2):
        loss = w * w
        loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 6
  accumulated: w.grad ... 10, ... 6: ...""")
def accumulated_from_another_result() -> Explanation:
    w = Value(3.0, "w")
    (4 * w).backward()
    loss = w * w
    loss.backward()
    return explain(w)


@case("""\
∂loss/∂w = 6
  zeroed: w.grad ... 0, ... 6: ... 0 ...""")
def zeroed() -> Explanation:
    w = Value(3.0, "w")
    loss = w * w
    loss.backward()
    w.grad = 0.0
    return explain(w)


@case("""\
∂loss/∂h = 5
  other pass: h.grad ... 12, ... backward() ...""")
def interior_node_of_another_pass() -> Explanation:
    w = Value(3.0, "w")
    h = w * 2
    loss, penalty = h * 5, h * h
    loss.backward()
    penalty.backward()
    return explain(h, loss)


@case("""\
∂y/∂x = 0
  changed: y = relu(x) ... 0 ... x ...
    path: x–y  0""")
def changed_since() -> Explanation:
    x = Value(-1.0, "x")
    y = x.relu()
    y.backward()
    x.data = 4.0
    return explain(x)


@case("""\
∂y/∂x = 6227020800
  exploding: ... 12 ... 1 ... 6.549 ... ∂y/∂v11 = 13, ∂v11/∂v10 = 12, ∂v10/∂v9 = 11
    path: x–v1–v2–v3–v4–v5–…–v8–v9–v10–v11–y  2 × 3 × 4 × 5 × 6 × 7 × 8 × 9 × 10 × 11 × 12 × 13 = \
6.22702e+09""")
def exploding() -> Explanation:
    x = Value(1.0, "x")
    y = x
    for i in range(12):
        y = y * (2.0 + i)
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 1e+306
  exploding: ... 102 ... 1 ... 1000 ... ∂y/∂v101 = 1000, ∂v101/∂v100 = 1000, ∂v100/∂v99 = 1000
    path: x–v1–v2–v3–v4–v5–…–v98–v99–v100–v101–y  1000 × 1000 × 1000 × 1000 × 1000 × 1000 × … × \
1000 × 1000 × 1000 × 1000 × 1000 = 1e+306""")
def exploding_from_a_tiny_number() -> Explanation:
    x = Value(1e-300, "x")
    y = x
    for _ in range(102):
        y = y * 1000
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = inf
  exploding: ... 50 ... 1 ... 1e+10 ... ∂y/∂v49 = 1e+10, ∂v49/∂v48 = 1e+10, ∂v48/∂v47 = 1e+10
    path: x–v1–v2–v3–v4–v5–…–v46–v47–v48–v49–y  1e+10 × 1e+10 × 1e+10 × 1e+10 × 1e+10 × 1e+10 × … \
× 1e+10 × 1e+10 × 1e+10 × 1e+10 × 1e+10 = inf""")
def exploding_to_infinity() -> Explanation:
    x = Value(1e-300, "x")
    y = x
    for _ in range(50):
        y = y * 1e10
    y.backward()
    return explain(x)


@case("""\
∂y/∂d = -6e+16
  large factor: ∂v1/∂d = -2e+16 ... a / d ... a = 2, d = 1e-08
    path: d–v1–y  (-2e+16) × 3 = -6e+16""")
def one_large_factor() -> Explanation:
    a, d = Value(2.0, "a"), Value(1e-8, "d")
    y = 3 * (a / d)
    y.backward()
    return explain(d)


@case("""\
∂y/∂x = 1.09951162778e+12
  many paths: 1,099,511,627,776 ... 1
    path: x–v1 (input 1)–v2 (input 1)–v3 (input 1)–v4 (input 1)–v5 (input 1)–…–v36 (input 1)–v37 \
(input 1)–v38 (input 1)–v39 (input 1)–y (input 1)  1 × 1 × 1 × 1 × 1 × 1 × … × 1 × 1 × 1 × 1 × 1 = \
1""")
def many_paths() -> Explanation:
    x = Value(1.0, "x")
    y = x
    for _ in range(40):
        y = y + y
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = 7.67489837425e-06
  vanishing: ... 8 ... 1 ... 0.2294 ... ∂y/∂v7 = 0.2247, ∂v7/∂v6 = 0.2247, ∂v6/∂v5 = 0.2247
    path: x–v1–v2–v3–v4–v5–v6–v7–y  0.25 × 0.235004 × 0.227266 × 0.225293 × 0.224837 × 0.224734 × \
0.224711 × 0.224706 = 7.6749e-06""")
def vanishing() -> Explanation:
    x = Value(0.0, "x")
    y = x
    for _ in range(8):
        y = autograd.sigmoid(y)
    y.backward()
    return explain(x)


@case("""\
∂y/∂w = 3e-07
  small factor: ∂v1/∂w = 1e-07 ... w * x ... w = 2, x = 1e-07
    path: w–v1–y  1e-07 × 3 = 3e-07""")
def one_small_factor() -> Explanation:
    w, x = Value(2.0, "w"), Value(1e-7, "x")
    y = 3 * (w * x)
    y.backward()
    return explain(w)


@case("""\
∂loss/∂w = nan
  nan input: x ... nan ...
    path: w–v1–v2–loss  nan × 1 × nan = nan""")
def nan_input() -> Explanation:
    w, x = Value(2.0, "w"), Value(math.nan, "x")
    loss = (w * x - 1) ** 2
    loss.backward()
    return explain(w)


@case("""\
∂y/∂x = inf
  infinite input: y = x * inf ... inf: ...
    path: x–y  inf""")
def infinite_constant() -> Explanation:
    x = Value(2.0, "x")
    y = x * math.inf
    y.backward()
    return explain(x)


@case("""\
∂e/∂b = 5
  nothing remarkable: ... 2 ...
    b–c–e  1 × 2 = 2
    b–d–e  1 × 3 = 3""")
def ordinary() -> Explanation:
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c = a + b
    d = b + 1
    e = c * d
    e.backward()
    return explain(b)


@case("""\
e = 6, computed from a, b
  nothing remarkable: ... 0 ...""")
def ordinary_result() -> Explanation:
    a, b = Value(2.0, "a"), Value(1.0, "b")
    e = (a + b) * (b + 1)
    e.backward()
    return explain(e)


@case("""\
loss = 0.0962882129717, computed from 13 numbers
  8 gradients of 13 are 0: layer1.neuron0.w1, layer1.neuron0.w2, layer0.neuron1.w0, \
layer0.neuron1.w1, layer0.neuron1.b, layer0.neuron2.w0 and 2 more
  zero factor: v10 = dot([layer1.neuron0.w0, layer1.neuron0.w1, layer1.neuron0.w2], [v3, v6, v9]) \
... layer1.neuron0.w1: v6 = relu(v5) = 0
    path: layer1.neuron0.w1–v10–v11–v12–v13–loss  0 × 1 × (-1) × (-0.620607) × 1 = 0
    line: HERE, line N: loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
  dead relu: v6 = relu(v5) ... v5 = v4 + layer0.neuron1.b = -1.23039 ... 0
    path: layer0.neuron1.b–v5–v6–v10–v11–v12–v13–loss  1 × 0 × (-0.481783) × 1 × (-1) × \
(-0.620607) × 1 = 0
    line: HERE, line N: loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
    the same in 1 other place""")
def a_network_with_dead_neurons() -> Explanation:
    model = nn.MLP(2, [3, 1], activation="relu", seed=0)
    with record_lines():
        loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
    loss.backward()
    return explain(loss)


@case("""\
y = nan, computed from x
  1 gradient of 1 is nan: x
  outside domain: y = x ** 0.333333333333 ... nan ... x = -8: ...
  no backward: y.grad ... 0: ... backward() ... zero_grad()""")
def root_of_a_negative_number() -> Explanation:
    x = Value(-8.0, "x")
    y = x ** (1 / 3)
    return explain(y)


@case("""\
∂y/∂x = -inf
  division by 0: y = x ** (-2) ... inf ... x = 0: ... 0 ... 0
    path: x–y  -inf""")
def negative_power_of_0() -> Explanation:
    x = Value(0.0, "x")
    y = x**-2
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = inf
  edge of domain: y = atanh(x) ... inf ... x = 1: ...
    path: x–y  inf""")
def pole() -> Explanation:
    x = Value(1.0, "x")
    y = autograd.atanh(x)
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = -inf
  overflow: y = 1 / x: ... x = 1e-200 ... 1.8e308
    path: x–y  -inf""")
def slope_beyond_all_doubles() -> Explanation:
    x = Value(1e-200, "x")
    y = 1 / x
    y.backward()
    return explain(x)


@case("""\
∂y/∂x = nan
  outside domain: y = halve(x) ... x = 3
    path: x–y  nan""")
def slope_that_its_author_left_undefined() -> Explanation:
    halve = autograd.primitive("halve", lambda x: x / 2, lambda out, x: math.nan)
    x = Value(3.0, "x")
    y = halve(x)
    y.backward()
    return explain(x)


@case("""\
∂loss/∂w = 4.5
  no grad: again ... h, 1.5, ... no_grad(): ...
    path: again–loss  1.5
    line: HERE, line N, inside no_grad: again = w * 3""")
def copy_computed_again_inside_no_grad() -> Explanation:
    w = Value(0.5, "w")
    with record_lines():
        h = w * 3
        with no_grad():
            again = w * 3
        loss = again * h
    loss.backward()
    return explain(w)


@case("""\
∂y/∂x = -inf
  changed: y = 2 / x ... inf ...
    path: x–y  -inf""")
def changed_from_a_pole() -> Explanation:
    x = Value(0.0, "x")
    y = 2 / x
    y.backward()
    x.data = 4.0
    return explain(x)


@case("""\
∂y/∂x = inf
  changed: y = sqrt(x) ... inf ... x ...
    path: x–y  inf""")
def changed_from_an_edge() -> Explanation:
    x = Value(0.0, "x")
    y = x.sqrt()
    y.backward()
    x.data = 4.0
    return explain(x)


@case("""\
x = 3
  no graph: x ... no_grad()""")
def a_leaf() -> Explanation:
    x = Value(3.0, "x")
    return explain(x, x)


@pytest.mark.parametrize(("program", "text"), CASES)
def test_what_a_student_reads(program: Callable[[], Explanation], text: str) -> None:
    """For every case the culprit with its numbers, the path, the line and the remedy."""
    explained = program()
    shown = re.sub(r"HERE, line \d+", "HERE, line N", explained.text.replace(__file__, "HERE"))
    remedies = re.findall(r"^    remedy: (.*)\n?", shown, re.MULTILINE)
    assert remedies == [REMEDIES[finding.kind] for finding in explained.findings]
    found = re.sub(r"\n    remedy: .*", "", shown)
    assert re.fullmatch(re.escape(text).replace(r"\.\.\.", ".*"), found), found


def test_long_reasons_go_on_in_the_next_line() -> None:
    """Broken between words after 100 columns at most, indented further than what begins a line."""
    assert (
        str(changed_from_an_edge())
        == """\
∂y/∂x = inf
  changed: y = sqrt(x) had slope inf in x when it was computed; one of these numbers has been
      assigned since
    path: x–y  inf
    remedy: compute the result anew, inside the loop if any, then call backward() on it"""
    )


def test_every_kind_has_its_case() -> None:
    """No remedy is written for a kind that is never found."""
    found = {finding.kind for case in CASES for finding in case.values[0]().findings}
    assert found == set(REMEDIES)


PAGE = Path(__file__).resolve().parents[1] / "docs" / "explaining.md"


def test_the_page_lists_every_kind() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == sorted(REMEDIES)


def test_the_examples_of_the_page() -> None:
    """They run, and print what the page shows."""
    failed, tried = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert (failed, tried) == (0, 12)


# As data ------------------------------------------------------------------------------------------


def test_an_explanation_is_data() -> None:
    """Value, result, gradient, findings with operation, path, line and remedy."""
    w, x = Value(-1.5, "w"), Value(2.0, "x")
    with record_lines():
        h = autograd.relu(w * x)
        loss = (h - 1) ** 2
    explained = explain(w, loss)
    assert (explained.value, explained.root) == (w, loss)
    assert (explained.gradient, explained.kind) == (0.0, "dead_relu")
    (dead,) = explained.findings
    assert dead.node is h
    assert (dead.kind, dead.count, dead.remedy) == ("dead_relu", 1, REMEDIES["dead_relu"])
    assert explained.path is dead.path is dead.paths[0]
    assert dead.path.nodes[0] is w
    assert dead.path.nodes[2] is h
    assert dead.path.nodes[-1] is loss
    assert (dead.path.factors, dead.path.product) == ((2.0, 0.0, 1.0, -2.0), 0.0)
    assert explained.line == dead.line == h.line
    assert __file__ in h.line


def test_an_ordinary_explanation_is_data_too() -> None:
    a, b = Value(2.0, "a"), Value(1.0, "b")
    e = (a + b) * (b + 1)
    e.backward()
    explained = explain(b, e)
    assert (explained.kind, explained.findings, explained.line) == ("ordinary", (), None)
    assert explained.gradient == b.grad == 5.0
    assert explained.path.product == 3.0  # the strongest of two
    assert repr(explained) == str(explained) == explained.text


def test_nothing_is_changed() -> None:
    """No number, gradient or label, in the graph or out of it."""
    w, x = Value(-1.5, "w"), Value(2.0)
    loss = autograd.relu(w * x) + autograd.sqrt(x - x)
    loss.backward()
    nodes = topological_order(loss)
    before = repr([(v, v.partials) for v in nodes])
    for v in nodes:
        explain(v, loss)
    assert repr([(v, v.partials) for v in nodes]) == before


def test_explanations_of_equal_numbers_do_not_mix_up_nodes() -> None:
    """Values with equal numbers compare equal; they are told apart all the same."""
    a, b = Value(1.0, "a"), Value(1.0, "b")
    y = autograd.where(True, a, b)
    y.backward()
    assert explain(a, y).kind == "ordinary"
    assert explain(b, y).findings[0].path.nodes[0] is b


# Which result is meant ----------------------------------------------------------------------------


def test_the_result_is_found_among_the_variables() -> None:
    """The last one that depends on the value, and rather one that backward() was called on."""
    w = Value(2.0, "w")
    h = w * 3
    loss = h * h
    other = h + 1
    loss.backward()
    assert explain(w).root is loss
    assert explain(h).root is loss
    assert explain(loss).root is loss
    assert explain(other).root is other


def test_a_result_that_uses_a_copy_is_preferred_to_a_part_of_it() -> None:
    w = Value(0.7345, "w")
    h = w * 3
    loss = Value(h.data) * 2
    loss.backward()
    assert explain(w).root is loss
    assert explain(w).kind == "copied"


def test_several_results_are_too_many() -> None:
    w = Value(2.0, "w")
    first, second = w * 2, w * 3
    message = r"several results could be meant \(first, second\); .* as in explain\(w, first\)"
    with pytest.raises(ValueError, match=message):
        explain(w)
    assert explain(w, second).gradient == 3.0
    second.backward()
    assert explain(w).root is second
    assert first.grad == 0.0


def test_no_result_is_too_few() -> None:
    message = r"a Value does not know what was computed from it.* as in explain\(w, loss\)"
    with pytest.raises(ValueError, match=message):
        explain(Value(2.0, "w"))


def test_the_wrong_way_round() -> None:
    w = Value(2.0, "w")
    loss = w * 2
    message = r"explain\(loss, w\): loss was computed from w, not the other way round; write expl"
    with pytest.raises(ValueError, match=message):
        explain(loss, w)


@pytest.mark.parametrize("culprit", [2.0, None, "w", [Value(1.0)]])
def test_only_values_can_be_explained(culprit: object) -> None:
    with pytest.raises(TypeError, match="explain needs a Value as its value, got"):
        explain(culprit)  # type: ignore[arg-type]


def test_a_root_that_is_no_value() -> None:
    with pytest.raises(TypeError, match=r"explain needs a Value as its root, got float 2\.0"):
        explain(Value(1.0), 2.0)  # type: ignore[arg-type]


def test_a_number_handed_on_is_no_copy() -> None:
    """What relu or max hands on is the number of a leaf, and the leaf is not made from it."""
    x, w = Value(0.7345, "x"), Value(2.0, "w")
    y = autograd.max([x, w - 1.5]) * autograd.relu(x) - (0.0 - (0.0 - x)) * w
    y.backward()
    assert explain(x, y).kind == "ordinary"
    assert explain(w, y).kind == "ordinary"
    assert explain(y, y).kind == "ordinary"


# Labels and lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["\x1b[2J", "a\nb", "\u202eevil", "漢字" * 40, "\ud800"])
def test_hostile_labels_are_shown_not_obeyed(label: str) -> None:
    x, y = Value(0.0, label), Value(1.0, label)
    z = autograd.sqrt(x) + y.log()
    z.label = label
    z.backward()
    for text in (str(explain(x, z)), str(explain(z, z)), str(explain(Value(1.0, label), z))):
        assert all(c.isprintable() or c == "\n" for c in text)
        text.encode()


def test_labels_in_any_script() -> None:
    """Names of two columns a character need no alignment: nothing is set in columns."""
    w, x = Value(-1.0, "权重"), Value(3.0, "输入")
    y = autograd.relu(w * x)
    y.backward()
    assert "  dead relu: y = relu(v1) passes nothing on, because v1 = 权重 * 输入 = -3" in str(
        explain(w)
    )
    assert "    path: 权重–v1–y  3 × 0 = 0" in str(explain(w))


def test_a_line_whose_file_is_gone() -> None:
    """The place is named, though its text can't be shown."""
    scope: dict[str, object] = {"autograd": autograd, "__name__": "elsewhere"}
    program = "x = autograd.Value(0.0, 'x')\ny = autograd.log(x)"
    with record_lines():
        exec(compile(program, "<gone\x1b>", "exec"), scope)
    assert "\n    line: <gone\\x1b>, line 2\n" in str(explain(scope["x"], scope["y"]))


def test_a_line_of_a_notebook() -> None:
    """A cell's file is in a temporary directory, with numbers for names: they say nothing."""
    scope: dict[str, object] = {"autograd": autograd, "__name__": "__main__"}
    program = "x = autograd.Value(0.0, 'x')\ny = autograd.log(x)"
    with record_lines():
        exec(compile(program, "ipykernel_4711/1234567890.py", "exec"), scope)
    assert "\n    line: notebook cell, line 2\n" in str(explain(scope["x"], scope["y"]))


# Graphs of any size and shape ---------------------------------------------------------------------


@given(st.data())
def test_any_formula_is_explained(data: st.DataObject) -> None:
    """No exception whatever the numbers; the gradient is backward's; what is bad has a reason."""
    formula = data.draw(random_formulas.formulas())
    leaves = [Value(x) for x in formula.inputs]
    root = formula(leaves)
    if not root_is_new(root, leaves):
        return
    root.backward()
    for node in topological_order(root):
        explained = explain(node, root)
        if node is not root:
            assert same(explained.gradient, node.grad)
            assert explained.gradient * 0.0 == 0.0 != explained.gradient or explained.findings
        assert {finding.kind for finding in explained.findings} <= set(REMEDIES)
        for finding in explained.findings:
            for path in finding.paths:
                assert_path(path, root)
    assert math.isfinite(root.data) or explain(root, root).findings


def root_is_new(root: object, leaves: list[Value]) -> bool:
    return type(root) is Value and not any(root is leaf for leaf in leaves)


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def assert_path(path: object, root: Value) -> None:
    """A chain of parents up to the root, with the factors of its edges."""
    assert path.nodes[-1] is root
    steps = zip(path.nodes, path.nodes[1:], path.factors, path.positions, strict=False)
    for below, above, factor, position in steps:
        assert above.parents[position] is below
        assert same(above.partials[position], factor)


def test_the_strongest_path_is_the_strongest() -> None:
    """Found without following all paths, it is the same that following all paths finds."""
    x = Value(0.3, "x")
    y = x
    for i in range(6):
        y = autograd.tanh(y * (i - 2.5)) + autograd.exp(y) * 0.5 + y
    y.backward()
    strongest = max(abs(row.product) for row in paths(y, x).rows)
    assert abs(explain(x, y).path.product) == pytest.approx(strongest, rel=1e-12)


def test_more_paths_than_atoms() -> None:
    x = Value(0.5, "x")
    y = x
    for _ in range(2000):
        y = autograd.tanh(y + y)
    assert explain(x, y).kind in ("many_paths", "vanishing", "underflow", "cancelling")


def deep(size: int) -> Callable[[], Explanation]:
    x = y = Value(1.0, "x")
    for _ in range(size):
        y = autograd.relu(y - 1e-9)
    root = y * 0.0 + 1.0
    return lambda: explain(x, root)


def wide(size: int) -> Callable[[], Explanation]:
    largest = autograd.max([Value(float(i)) for i in range(size)])
    return lambda: explain(largest, largest)


def in_trouble(size: int) -> Callable[[], Explanation]:
    total = autograd.sum([autograd.relu(Value(-1.0 - i)) for i in range(size)])
    return lambda: explain(total, total)


def tangled(size: int) -> Callable[[], Explanation]:
    a = x = Value(0.3, "x")
    b = 2 * x
    for _ in range(size):
        a, b = autograd.tanh(a * b + x), a - b * 0.5
    root = a + b
    return lambda: explain(x, root)


@pytest.mark.parametrize("prepare", [deep, wide, in_trouble, tangled])
def test_work_is_in_proportion_to_the_graph(
    prepare: Callable[[int], Callable[[], Explanation]],
) -> None:
    assert 3.5 < work_grows_with(prepare, 200) < 4.1  # lines of compiled code do not count


def test_graphs_far_beyond_the_recursion_limit() -> None:
    """Deep, wide, and with trouble in many places."""
    assert deep(3_000)().kind == "zero_factor"
    explained = wide(3_000)()
    assert (explained.kind, explained.findings[0].count) == ("not_taken", 1)
    dead = in_trouble(3_000)().findings[0]
    assert (dead.kind, dead.count) == ("dead_relu", 3_000)


def test_explaining_leaves_no_cycles() -> None:
    """A graph that was explained is freed as ever, without the collector."""
    w = Value(-1.0, "w")
    loss = autograd.relu(w * 2)
    gc.collect()
    gc.disable()
    try:
        held = sys.getrefcount(w)
        explain(w, loss)
        explain(w)
        del loss
        assert sys.getrefcount(w) == held - 1
    finally:
        gc.enable()


def test_findings_are_plain_records() -> None:
    """They compare, print and pickle."""
    w = Value(-1.0, "w")
    loss = autograd.relu(w * 2)
    found = explain(w, loss).findings[0]
    assert isinstance(found, Finding)
    twin = pickle.loads(pickle.dumps(found))
    assert (twin.kind, twin.why, twin.count) == (found.kind, found.why, found.count)
