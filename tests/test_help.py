"""Help: every public name has a docstring, a signature and examples that run, and the compiled form
shows them as they stand in the source."""

import ast
import doctest
import inspect
import pydoc
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn
from autograd import Primitive, Value

SHADOWING = ["abs", "max", "min", "pow", "round", "sum"]
NEEDED = {  # by the examples
    "autograd.jit": "llvmlite",
    "autograd.sparse_hessian": "llvmlite",
    "autograd.sparse_jacobian": "llvmlite",
    "autograd.vmap": "llvmlite",
    "nn.accuracy_curve": "matplotlib",
    "nn.decision_boundary": "matplotlib",
    "nn.loss_curve": "matplotlib",
}
CONSTANTS = {"autograd.compiled", "nn.ACTIVATIONS", "nn.INITIALISERS"}  # a bool and two dicts


@cache
def source(module):
    """The definitions in a module's source, which lies beside its compiled form: name -> node."""
    top, *parts = module.split(".")
    path = Path(sys.modules[top].__file__).parent.joinpath(*parts)
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = {}
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.ClassDef):
            inner = [x for x in node.body if isinstance(x, ast.FunctionDef)]
            found |= {f"{node.name}.{x.name}": x for x in reversed(inner)}  # getters, not setters
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node
    return found


def public_names():
    """Qualified name -> owner, what it is there, and its definition where it has one."""
    for module, names in [(autograd, [*autograd.__all__, *SHADOWING]), (nn, nn.__all__)]:
        for name in names:
            found = getattr(module, name)
            named = inspect.isroutine(found) or inspect.isclass(found)
            node = source(found.__module__).get(name) if named else None
            yield f"{module.__name__}.{name}", (module, found, node)
            if inspect.isclass(found):
                yield from attributes(f"{module.__name__}.{name}", found)


def attributes(prefix, cls):
    """Its methods and properties, those of a base of ours too; fields are in its docstring."""
    for name in dir(cls):
        owner = next(base for base in cls.__mro__ if name in vars(base))
        if name.startswith("_") or not owner.__module__.startswith(("autograd", "nn")):
            continue
        node = source(owner.__module__).get(f"{owner.__name__}.{name}")
        if node or callable(vars(owner)[name]):
            yield f"{prefix}.{name}", (cls, getattr(cls, name), node)


PUBLIC = dict(public_names())
DOCUMENTED = {name: entry for name, entry in PUBLIC.items() if name not in CONSTANTS}
CALLABLE = {name: entry for name, entry in DOCUMENTED.items() if callable(entry[1])}
DEFINED = {name: entry for name, entry in DOCUMENTED.items() if entry[2] is not None}


def test_the_walk_goes_everywhere():
    assert len(PUBLIC) > 250
    wanted = {"autograd.exp", "autograd.sum", "autograd.jit", "autograd.Value.data", "nn.MLP.save"}
    assert wanted | {"autograd.Value.backward", "autograd.Value.exp"} <= PUBLIC.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_completion_offers_it(name):
    assert name.rpartition(".")[2] in dir(PUBLIC[name][0])


@pytest.mark.parametrize("name", DOCUMENTED)
def test_help_shows_a_docstring_of_its_own(name):
    found = DOCUMENTED[name][1]
    docstring = inspect.getdoc(found)
    assert docstring
    if not isinstance(found, ModuleType | type):
        assert docstring != inspect.getdoc(type(found))
    assert docstring.partition("\n")[0] in pydoc.render_doc(found, renderer=pydoc.plaintext)


@pytest.mark.parametrize("name", CALLABLE)
def test_its_signature_is_public(name):
    signature = inspect.signature(CALLABLE[name][1])
    assert not [parameter for parameter in signature.parameters if parameter.startswith("_")]


def test_a_method_from_the_table_takes_a_value_and_the_options_of_the_primitive():
    """By position, as it is called."""
    assert str(inspect.signature(Value.leaky_relu)) == "(self, slope=0.01, /)"
    assert str(inspect.signature(Value(1.0).leaky_relu)) == "(slope=0.01, /)"
    assert [*inspect.signature(Value(1.0).tanh).parameters] == []


@pytest.mark.parametrize("name", DOCUMENTED)
def test_its_examples_run(name, tmp_path, monkeypatch):
    if name in NEEDED:
        pytest.importorskip(NEEDED[name])
    monkeypatch.chdir(tmp_path)
    found = DOCUMENTED[name][1]
    module = sys.modules.get(getattr(found, "__module__", None) or "", autograd)
    names = dict(vars(module))
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(found), names, name, None, None)
    report = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", DEFINED)
def test_it_says_what_the_source_says(name):
    """Docstring, names and kinds of parameters, defaults. (A method's `self` is positional only in
    C, and what is compiled has no annotations.)"""
    _, found, node = DEFINED[name]
    docstring = ast.get_docstring(node)
    assert docstring is None or inspect.getdoc(found) == docstring
    if callable(found) and isinstance(node, ast.FunctionDef) and not node.decorator_list:
        assert parameters(inspect.signature(found)) == parameters(signature_of(node))


def signature_of(node):
    """The signature that the function has uncompiled."""
    bare = ast.FunctionDef(node.name, node.args, [ast.Pass()], [], None, lineno=1, col_offset=0)
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    scope = {}
    exec(ast.unparse(bare), dict(vars(sys.modules["autograd.engine.primitives"])), scope)
    return inspect.signature(scope[node.name])


def parameters(signature):
    return [
        (x.name, "self" if x.name == "self" else x.kind, x.default)
        for x in signature.parameters.values()
    ]


def test_a_value_is_made_of_a_number_and_a_label():
    assert [str(x).partition(":")[0] for x in inspect.signature(Value).parameters.values()] == [
        "data",
        "label=None",
    ]


PRIMITIVES = {
    name.partition(".")[2]: entry[1]
    for name, entry in PUBLIC.items()
    if isinstance(entry[1], Primitive)
}


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_is_shown_as_a_function(name):
    """By its own name, with its own inputs, and as a method without the first."""
    row = PRIMITIVES[name]
    assert row.__name__ == row.name == {"gammaln": "lgamma"}.get(name, name)
    assert row.doc in inspect.getdoc(row)
    signature = inspect.signature(row)
    declared = inspect.signature(eval(f"lambda {row.inputs}: 0"))
    assert parameters(signature) == parameters(declared)
    for method in {row.name, row.numpy_name} if row.is_method else ():
        found = getattr(Value(1.0), method)
        assert found.__name__ == row.name
        assert row.doc in inspect.getdoc(found)
        assert list(inspect.signature(found).parameters) == list(signature.parameters)[1:]


def test_a_primitive_of_ones_own_is_shown_as_a_function():
    row = autograd.primitive("shown", lambda x: 2 * x, lambda out, x: 2.0, doc="Twice as much.")
    assert "Twice as much." in pydoc.render_doc(row, renderer=pydoc.plaintext)
    assert list(inspect.signature(row).parameters) == ["x"]


def test_the_version_is_the_installed_one():
    assert autograd.__version__ == metadata.version("chainrule")


@pytest.mark.parametrize(
    ("wrong", "right"), [("sigmod", "sigmoid"), ("hesian", "hessian"), ("jitt", "jit")]
)
def test_a_misspelt_name_is_told_the_nearest(wrong, right):
    with pytest.raises(AttributeError, match=f"'autograd' has no attribute '{wrong}'.*'{right}'"):
        getattr(autograd, wrong)


def test_a_strange_name_is_told_nothing():
    with pytest.raises(AttributeError, match=r"has no attribute 'nope'$"):
        autograd.nope  # noqa: B018
