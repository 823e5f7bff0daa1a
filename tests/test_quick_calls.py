"""Divisions and calls that a device does as straight lines, several at once: which stand together,
and that their numbers are those of the CPU, rare ones among them."""

import numpy
import pytest
from cuda_on_cpu import COMPILER, device_on_cpu
from test_cuda_kernels import HARD, filled, path_of, same_bits

from autograd.compiler.cuda.call_groups import in_groups
from autograd.compiler.cuda.kernel_writer import Operand
from autograd.compiler.ir.program import Op, Program


def two_layers():
    """exp of two inputs, their quotient, and what doesn't need them."""
    code = [Op("input", (), 0), Op("exp", (0,)), Op("mul", (1, 0))]
    code += [Op("input", (), 1), Op("exp", (3,)), Op("add", (0, 3)), Op("div", (2, 4))]
    return Program(tuple(code), ("a", "b"), (6, 5))


def test_calls_that_do_not_need_each_other_stand_together():
    """What needs them waits for both; a sum of inputs does not."""
    order = in_groups(two_layers(), lambda op: op.name in ("exp", "div"))
    assert order == [[0], [3], [5], [1, 4], [2], [6]]


def test_a_program_with_too_many_calls_is_written_as_it_stands(monkeypatch):
    """Or compiling it would take too long."""
    one = Operand(1, True, True)
    assert "quick_exp(" in path_of(two_layers(), [1, 1]).source([one] * 2, [1, 1])
    monkeypatch.setattr("autograd.compiler.cuda.kernel_writer.MOST_QUICK", 2)
    text = path_of(two_layers(), [1, 1]).source([one] * 2, [1, 1])
    assert "quick_" not in text
    assert "const double r4a = exp(r3a);" in text


@pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")
def test_quotients_and_roots_are_exact(tmp_path):
    """Of numbers of any size, and of those that the straight lines are not for."""
    draw = numpy.random.default_rng(0)
    points = draw.normal(size=(20_000, 2)) * 2.0 ** draw.integers(-1070, 1020, (20_000, 2))
    points[:2000] = draw.choice([*HARD, numpy.nextafter(2.0, 0.0)], (2000, 2))
    code = [Op("input", (), 0), Op("input", (), 1), Op("div", (0, 1)), Op("div", (1, 0))]
    code += [Op("const", (), 3.0), Op("div", (0, 4)), Op("sqrt", (1,))]
    program = Program(tuple(code), ("a", "b"), (2, 3, 5, 6))
    device = device_on_cpu(tmp_path)
    with device.memory(0) as memory:
        (out,), _ = filled(path_of(program, [2]), [points], memory, [4])
    a, b = points.T
    with numpy.errstate(all="ignore"):
        wanted = numpy.stack([a / b, b / a, a / 3.0, numpy.sqrt(b)], 1)
    assert same_bits(out, wanted)
