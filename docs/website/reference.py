"""The reference: a page for each part of the package, an entry for each public name of it.

Everything is read off the live objects: signature, types, docstring with its errors and example,
and the source. Docstrings are read as Markdown; only their doctests and tables are fenced, and what
Markdown would take for markup in a formula is escaped.
"""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ForwardRef

import autograd
import nn
from autograd import Primitive

__all__ = ["PARTS", "Entry", "Part", "entries", "entry_page", "markdown", "write_reference"]

ROOT = Path(autograd.__file__).resolve().parents[1]  # of the package that is documented


@dataclasses.dataclass(frozen=True)
class Part:
    """A page: the public names whose objects are defined below these modules, and what else those
    packages name as their own."""

    page: str
    title: str
    said: str
    package: str
    modules: tuple[str, ...]
    besides: tuple[str, ...] = ()  # packages all of whose names are public, too


PARTS = (
    Part("value", "Value", "A number that remembers how it was computed.", "autograd",
         ("autograd.engine.value",)),
    Part("sequences", "Functions over sequences", "Each is one node of the graph, not a chain.",
         "autograd", ("autograd.engine.functions",)),
    Part("derivatives", "Derivatives of functions", "They mean what they mean in JAX, and compose.",
         "autograd", ("autograd.transforms",)),
    Part("compiled", "Compiled functions", "Recorded once for each path, replayed as machine code.",
         "autograd", ("autograd.compiler",), ("autograd.compiler",)),
    Part("pictures", "Pictures and reasons", "How a graph looks, and why a gradient is what it is.",
         "autograd", ("autograd.drawing", "autograd.explaining", "autograd.exploring"),
         ("autograd.drawing", "autograd.drawing.player", "autograd.explaining",
          "autograd.exploring")),
    Part("checks", "Checks and modes", "Is it right, and where does it go wrong?", "autograd",
         ("autograd.check", "autograd.engine.modes"), ("autograd.check",)),
    Part("extending", "To extend", "Operations and settings of your own.", "autograd",
         ("autograd.engine.primitive", "autograd.engine.setting")),
    Part("layers", "Networks", "Modules, layers, whole networks, and their files.", "nn",
         ("nn.module", "nn.layers", "nn.sequential", "nn.dropout", "nn.scaler", "nn.loading",
          "nn.initialisers")),
    Part("losses", "Losses", "How far predictions are from targets.", "nn", ("nn.losses",)),
    Part("optimisers", "Optimisers and schedules", "How parameters move, and how fast.", "nn",
         ("nn.optim", "nn.schedules"), ("nn.schedules",)),
    Part("training", "Training", "From data to a trained network, and what it says.", "nn",
         ("nn.training", "nn.metrics", "nn.datasets"), ("nn.metrics", "nn.datasets")),
    Part("plots", "Plots", "Pictures of a training; they need matplotlib.", "nn",
         ("nn.plots", "nn.boundaries")),
)  # fmt: skip

SHADOWING = {name for name in dir(builtins) if not name.startswith("_")}
CONSTANTS = {  # public names that are neither a function nor a class, and their parts
    "autograd.compiled": "extending",
    "nn.ACTIVATIONS": "layers",
    "nn.INITIALISERS": "layers",
}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A public name, the object it stands for, and its part ("" for a primitive)."""

    package: str
    name: str
    found: Any
    part: str

    @property
    def full_name(self) -> str:
        return f"{self.package}.{self.name}"


@cache
def entries() -> list[Entry]:
    """Every public name of `autograd` and `nn`, and of their public packages."""
    found: dict[str, Entry] = {}
    for package, names in (
        (autograd, [*autograd.__all__, *sorted(set(dir(autograd)) & SHADOWING)]),
        (nn, [*nn.__all__, "Classifier", "Regressor"]),  # two on first use
    ):
        for name in names:
            one = getattr(package, name)
            if not inspect.ismodule(one):
                entry = Entry(package.__name__, name, one, _part_of(package.__name__, name, one))
                found[entry.full_name] = entry
    seen = {id(entry.found) for entry in found.values()}
    for part in PARTS:
        for package_name in part.besides:
            package = import_module(package_name)
            for name in package.__all__:
                one = getattr(package, name)
                if id(one) not in seen and (inspect.isclass(one) or inspect.isroutine(one)):
                    seen.add(id(one))
                    entry = Entry(package_name, name, one, part.page)
                    found[entry.full_name] = entry
    return list(found.values())


def _part_of(package: str, name: str, found: Any) -> str:
    if isinstance(found, Primitive):
        return ""
    if f"{package}.{name}" in CONSTANTS:
        return CONSTANTS[f"{package}.{name}"]
    if found is Primitive:
        return "extending"
    module = found.__module__
    if module == "autograd":  # where it is public; its code says where it is
        module = _module_of(found)
    for part in PARTS:
        if any(module == name or module.startswith(f"{name}.") for name in part.modules):
            return part.page
    raise LookupError(f"{package}.{name} of {module} has no part of the reference")


def _module_of(found: Any) -> str:
    path = Path(inspect.getsourcefile(found) or "").resolve().relative_to(ROOT)
    return ".".join(path.with_suffix("").parts)


# -- pages -----------------------------------------------------------------------------------------


def write_reference(folder: Path) -> None:
    """The pages of all parts, those of the primitives, and the one that leads to them."""
    from website.primitive_pages import write_primitives

    folder.mkdir(parents=True, exist_ok=True)
    every = entries()
    for part in PARTS:
        chosen = [entry for entry in every if entry.part == part.page]
        (folder / f"{part.page}.md").write_text(entry_page(part, chosen), "utf-8")
    (folder / "index.md").write_text(index_page(every), "utf-8")
    write_primitives(folder / "primitives", every)


def index_page(every: list[Entry]) -> str:
    """Every public name, by part."""
    rows = []
    for part in PARTS:
        listed = _listed(every, part.page)
        rows.append(f"## [{part.title}]({part.page}.md)\n\n{part.said}\n\n{listed}\n")
    tables = "\n".join(part.page for part in PARTS)
    return (
        "# Reference\n\nEvery public name. Those of `autograd` and `nn` are imported from there; "
        "those of other packages are what functions give back.\n\n"
        + "\n".join(rows)
        + "\n## [Primitives](primitives/index.md)\n\nWhat every graph is made of, each with its "
        f"formula, derivatives, domain and kinks.\n\n{_listed(every, '')}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{tables}\n```\n"
    )


def _listed(every: list[Entry], part: str) -> str:
    """The names of a part, as links."""
    chosen = [entry for entry in every if entry.part == part]
    return ", ".join(f"{{py:obj}}`{entry.name} <{entry.full_name}>`" for entry in chosen)


def entry_page(part: Part, chosen: list[Entry]) -> str:
    return f"# {part.title}\n\n{part.said}\n\n" + "\n".join(map(section, chosen))


def section(entry: Entry) -> str:
    """A heading, and the object below it."""
    return f"## {entry.name}\n\n{described(entry)}\n{source_of(entry.found)}\n"


def described(entry: Entry) -> str:
    """The object as a directive of Sphinx's domain of Python, which the index and search read."""
    found, kind = entry.found, "function"
    if inspect.isclass(found):
        kind = "exception" if issubclass(found, BaseException) else "class"
    elif not callable(found):
        return directive("data", entry.name, entry.package, _constant(entry))
    body = markdown(inspect.getdoc(found) or "")
    if inspect.isclass(found):
        body += "\n" + "\n".join(members(found))
    return directive(kind, entry.name + signature(found), entry.package, body)


def directive(kind: str, head: str, module: str, body: str) -> str:
    depth = max((len(run) for run in re.findall(r"`+(?=\{py)", body)), default=5) + 1
    fence = "`" * depth
    options = f":module: {module}\n" if module else ""
    return f"{fence}{{py:{kind}}} {head}\n{options}\n{body.strip()}\n{fence}\n"


def members(cls: type) -> Iterator[str]:
    """The public methods and properties that a class has of its own or of a base of ours."""
    bases = [base for base in cls.__mro__ if base.__module__.split(".")[0] in ("autograd", "nn")]
    named = {
        name: found
        for base in reversed(bases)
        for name, found in vars(base).items()
        if not name.startswith("_")
    }
    for name, raw in named.items():
        is_property = inspect.isdatadescriptor(raw)
        found = raw if is_property else inspect.unwrap(getattr(cls, name))
        said = inspect.getdoc(found) or ""
        if said.startswith("Alias for field number"):  # a NamedTuple's; its signature has them
            continue
        if is_property and said:
            yield directive("property", name, "", markdown(said))
        elif inspect.isroutine(found) and said:
            yield directive("method", name + signature(found, bound=True), "", markdown(said))


def signature(found: Any, *, bound: bool = False) -> str:
    """As Python writes it, with types; what has no text in Python is three dots."""
    try:
        whole = inspect.signature(found)
    except (TypeError, ValueError):
        return "()"
    parameters = list(whole.parameters.values())
    if bound and parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    plain = [
        p if p.default is p.empty or _is_written(p.default) else p.replace(default=Bare("..."))
        for p in parameters
    ]
    returned = inspect.Signature.empty if inspect.isclass(found) else whole.return_annotation
    return _without_quotes(inspect.Signature(plain, return_annotation=returned))


class Bare(str):
    """Text that a signature shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _without_quotes(found: inspect.Signature) -> str:
    def bare(annotation: Any) -> Any:
        if isinstance(annotation, ForwardRef):  # of a NamedTuple's fields
            annotation = annotation.__forward_arg__
        return Bare(annotation) if isinstance(annotation, str) else annotation

    parameters = [p.replace(annotation=bare(p.annotation)) for p in found.parameters.values()]
    return str(
        found.replace(parameters=parameters, return_annotation=bare(found.return_annotation))
    )


def _is_written(default: Any) -> bool:
    return default is None or isinstance(default, (bool, int, float, str, tuple))


def _constant(entry: Entry) -> str:
    """What a docstring below an assignment says of it, and for a table its names."""
    module = autograd if entry.package == "autograd" else nn
    code = Path(inspect.getsourcefile(_home(module, entry.name)) or "").read_text("utf-8")
    said = re.search(rf'(?m)^{entry.name}\b[^\n]*=(?:.|\n)*?\n"""((?:.|\n)*?)"""', code)
    text = markdown(said[1]) if said else ""
    if isinstance(entry.found, dict):
        text += "\n\n" + ", ".join(f"`{name}`" for name in entry.found)
    return text


def _home(module: Any, name: str) -> Any:
    homes = {"ACTIVATIONS": "nn.layers", "INITIALISERS": "nn.initialisers"}
    return import_module(homes[name]) if name in homes else module


# -- docstrings ------------------------------------------------------------------------------------


def markdown(docstring: str) -> str:
    """A docstring as Markdown: examples and tables fenced, formulas left alone."""
    blocks = re.split(r"\n[ \t]*\n", textwrap.dedent(docstring).strip("\n"))
    return "\n\n".join(map(_block, blocks)) + "\n"


def _block(block: str) -> str:
    lines = block.splitlines()
    example = next((i for i, line in enumerate(lines) if line.lstrip().startswith(">>>")), None)
    if example == 0:
        return f"```pycon\n{textwrap.dedent(block)}\n```"
    if example is not None:
        return _block("\n".join(lines[:example])) + "\n\n" + _block("\n".join(lines[example:]))
    aligned = sum(bool(re.search(r"\S {2,}\S", line)) for line in lines)
    if lines and (all(line.startswith("    ") for line in lines) or (aligned > 1)):
        return f"```text\n{block}\n```"
    return re.sub(r"(`+[^`]*`+)|([^`]+)", lambda m: m[1] or _escaped(m[2]), block)


def _escaped(text: str) -> str:
    pieces = re.split(r"(?m)^(\s*\*\*[A-Z][\w ]*\.\*\*)", text)
    return "".join(
        piece if i % 2 else re.sub(r"([*$<]|(?<!\w)_|\[)", r"\\\1", piece)
        for i, piece in enumerate(pieces)
    )


# -- source ----------------------------------------------------------------------------------------


def source_of(found: Any) -> str:
    """Where it is written, folded."""
    try:
        lines, first = inspect.getsourcelines(found)
        path = Path(inspect.getsourcefile(found) or "").resolve().relative_to(ROOT)
    except (TypeError, OSError, ValueError):
        return ""
    return folded(f"{path.as_posix()}, line {first}", textwrap.dedent("".join(lines)))


def folded(title: str, code: str) -> str:
    fence = "`" * 6
    return (
        f'<details class="source"><summary>Source: {title}</summary>\n\n'
        f"{fence}python\n{code.rstrip()}\n{fence}\n\n</details>\n"
    )
