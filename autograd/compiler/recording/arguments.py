"""Arguments: one call of a compiled function, its numbers apart from everything else."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from functools import partial
from typing import Any, Final

from autograd.arrays.protocol import called
from autograd.compiler.native.cpython_entry import AsItIs
from autograd.compiler.recording.arithmetic_of_floats import (
    add_decisions_of_floats,
    slots_of_numbers,
)
from autograd.compiler.recording.beyond_numbers import (
    beyond_numbers,
    check_number_types,
    data_places,
    fixed,
    has_read_only,
    is_aliased,
    is_bare,
    is_bare_or_in_arrays,
    is_elsewhere,
    is_flag,
    plain_number,
    types_of_data,
    unhashable,
    with_own_attributes,
)
from autograd.compiler.recording.changing_lines import line_that_changes
from autograd.compiler.recording.layouts import like_these, values_like
from autograd.compiler.recording.outside_sources import generators_of, states_of
from autograd.compiler.recording.parting import parting, parts_before
from autograd.compiler.recording.plain_floats import Plain, are_kept, plain_run, unlike_plain
from autograd.compiler.recording.reachable_objects import thread_local_of
from autograd.compiler.recording.repeatable import Repeatable, are_finite, repeatable
from autograd.compiler.recording.texts_in_results import flatten_result, floats_of
from autograd.compiler.recording.tracing import (
    PASS,
    PASS_SETTING,
    Decision,
    Recorded,
    RecordingError,
    Trace,
    difference,
    is_of_the_table,
    read_off,
)
from autograd.compiler.recording.users_lowerings import check_lowerings
from autograd.compiler.recording.values_refused import CLUMSY, of_values
from autograd.engine.locks import cached_property
from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.derivatives import Derivative
from autograd.transforms.linearization import is_differentiated
from autograd.transforms.tree import Structure, components, flatten, is_array, opened

__all__ = ["Arguments"]


WHAT: Final = "an argument of a compiled function"


class Arguments:
    """The arguments of one call: their numbers, and everything else as a key."""

    def __init__(
        self,
        f: Callable[..., Any],
        names: Sequence[str],
        static_places: frozenset[str | int],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        self._f = f
        self._bound: dict[int | str, Any] = {}
        static: dict[int | str, Any] = {}
        data_by_place = data_places(f, len(args))
        self._data: set[int | str] = {*data_by_place}
        if isinstance(f, Derivative):
            self._data.update(keywords)
        given: dict[int | str, Any] = dict(enumerate(args))
        given.update(keywords)
        for place, x in given.items():
            is_named = place in static_places or _shown(names, place) in static_places
            may_be_flag = place in self._data or not isinstance(f, Derivative)
            is_static = is_named or (may_be_flag and is_flag(x))
            (static if is_static else self._bound)[place] = x
        self._static = static
        self._are_plain = not static and not keywords
        self._places = names
        self._names: list[str] | None = None
        beyond = beyond_numbers(self.traced)
        try:
            self.numbers, self.structure = flatten(self.traced, WHAT)
        except TypeError:
            self._refuse_others()
            raise
        check_number_types([args[i] for i in data_by_place])
        self.are_written = False
        """Whether the function was seen to write to one of them."""
        kinds: tuple[Hashable, ...] = (tuple(self._bound), self.structure.kind)
        if beyond is not None:  # as in pickles of 0.1.0
            kinds += (beyond,)
        data = [(place, types_of_data(x)) for place, x in self._bound.items() if self._stays(place)]
        if any(types is not None for _, types in data):
            kinds += (("data", *data),)
        try:
            # With the types, for 1, 1.0 and True are equal; and written out, for 0.0 and -0.0 are.
            statics = tuple([fixed(name, x) for name, x in static.items()])
            self.key: Hashable = (kinds, statics)
            hash(self.key)
        except TypeError:
            raise TypeError(
                f"static arguments are hashable, got {describe(unhashable(static.values()))}; "
                "make a list or an array a tuple"
            ) from None

    def _refuse_others(self) -> None:
        """TypeError with the place of what is no number among the arguments."""
        for place, x in self._bound.items():
            try:
                if x is not None:
                    flatten(x, WHAT, _shown(self._places, place))
            except TypeError as error:
                remedy = "name arguments that are not numbers in static_argnames"
                if is_elsewhere(x):
                    remedy = "it is vmap that goes to arrays of Dask and CUDA; copy it to NumPy's"
                raise TypeError(f"{error}; {remedy}") from None

    @property
    def names(self) -> list[str]:
        """A name for every number: `x`, `p[0]`, `p['w'][2]`."""
        if self._names is None:
            shown = [(x, _shown(self._places, place)) for place, x in self._bound.items()]
            self._names = [name for x, argument in shown for name, _, _ in components(x, argument)]
        return self._names

    @property
    def examples(self) -> list[Any] | None:
        """Arguments like these, if they came by place alone: copies, for the caller may change
        theirs. What stays as it is says so."""
        if not self._are_plain:
            return None
        copies = zip(self._bound, self._copies(), strict=True)
        return [AsItIs(x) if self._stays(place) else x for place, x in copies]

    def _stays(self, place: int | str) -> bool:
        """Whether an argument is, uncompiled, no number to be differentiated by: the function gets
        it as it is."""
        return place in self._data

    def _copies(self) -> list[Any]:
        """The arguments, as the function gets them uncompiled; floats, where it may be called with
        Values instead, each a new one: one NaN is found in a list by its identity, as no Value
        is."""
        return like_these(self.traced, [*map(self._stays, self._bound)], plain_number)

    @cached_property
    def _slots_of_data(self) -> list[int]:
        """The places of Python's own numbers among those of the data."""
        bound = self._bound.items() if self._data else ()
        return slots_of_numbers((x, self._stays(place)) for place, x in bound)

    @property
    def traced(self) -> list[Any]:
        """The arguments that are not static."""
        return list(self._bound.values())

    def call(self, numbers: Sequence[Any]) -> Any:
        """The function with these in the place of the numbers."""
        return self._call_with(with_own_attributes(self.structure.unflatten(numbers)))

    def of(self, f: Callable[..., Any]) -> Arguments:
        """The same arguments of another function."""
        other = copy(self)
        other._f = f
        return other

    @cached_property
    def are_bare(self) -> bool:
        """Whether they are nothing but plain numbers, in lists, tuples and dicts."""
        return all(map(is_bare, self.traced))

    @property
    def _are_of_numbers(self) -> bool:
        """Whether the function gets nothing but numbers in lists, tuples, dicts and arrays."""
        are_numbers = self.are_bare or all(map(is_bare_or_in_arrays, self.traced))
        return self._are_plain and are_numbers

    def _call_with(self, tree: list[Any]) -> Any:
        places = {**dict(zip(self._bound, tree, strict=True)), **self._static}
        positional = [places[i] for i in sorted(p for p in places if isinstance(p, int))]
        named = {name: x for name, x in places.items() if isinstance(name, str)}
        return called(self._f, positional, named)

    def plainly(self) -> Any:
        """What the function gives, uncompiled, for plain numbers."""
        return self._call_with(with_own_attributes(self._copies()))

    @property
    def are_floats(self) -> bool:
        """Whether all their numbers are plain floats, or arrays of such."""
        return all(types_of_data(x) is None for x in self.traced)

    def as_given(self) -> Any:
        """What the function gives, uncompiled, for the arguments as they are handed over."""
        copies = like_these(self.traced, [True] * len(self._bound), plain_number)
        return self._call_with(with_own_attributes(copies))

    def eagerly(self) -> Any:
        """What the function gives, as floats, by the engine; as Values, where a transform around
        this call differentiates what the function has captured."""
        if isinstance(self._f, Derivative):
            result = self.plainly()
        else:
            result = self.call([Value(x) for x in self.numbers])
        results, outputs = flatten_result(result)
        if is_differentiated([x for x in results if isinstance(x, Value)]):
            return outputs.unflatten(results)
        return outputs.unflatten(floats_of(results))

    def recorded(self) -> tuple[Recorded, Structure, list[float]]:
        """What the function does with these arguments: recorded twice, to see that it is all; once,
        where its code shows that."""
        known = repeatable(self._f) if self._are_of_numbers else None
        if known is None and (own := thread_local_of(self._f)) is not None:
            raise RecordingError(
                f"a compiled function uses {own!r}, a threading.local, which holds something else "
                f"in each thread; {PASS_SETTING}"
            )
        trace, found, outputs = self._first_trace(known)
        decisions = trace.decisions
        first = self._read_off(trace, found)
        check_lowerings(trace)
        results = floats_of(found)
        if known is not None and known.is_unchanged() and not self.are_written:
            outputs = flatten_result(outputs.unflatten(results))[1]
            if not self._is_alike_for_floats(known, trace, first):
                self._check_plain(plain_run(self.plainly, False), first, outputs, results)
            del found, decisions, trace  # in this order, as below
            return first, outputs, results
        # Now, for it may have made some and kept them.
        generators = generators_of([self._f, list(self._static.values())])
        states = states_of(generators)
        # While the first one's nodes are still in memory.
        again, found_again, others = self.trace(trace)
        differ = self._difference(first, found, decisions, again, found_again)
        self._check_undrawn(generators, states, self.trace)
        if differ or outputs != others:
            raise RecordingError(
                f"two recordings of {self._shown_f} with the same arguments differ{differ or ''}: "
                "it depends on more than its arguments (random numbers, the time, id(), or what "
                "earlier calls left behind); pass that as an argument"
            )
        values = again.arguments
        gets_values = self._gets_no_floats and is_of_the_table(first.program)
        if gets_values:
            values = [*trace.arguments, *values]  # to which what f keeps of it refers
        else:
            again.tape.part()  # so that it refers to its own
        # Results first: a tape's nodes are freed one by one from its end, but those below a result
        # that outlives it by recursion (uncompiled, CPython 3.13), as deep as the graph.
        del found_again, others, again
        # What looks for anomalies of Values does not find them in floats.
        is_enough = trace.looks_for_anomalies or is_differentiated(first.captured)
        if is_enough or (gets_values and self._does_it_again(trace, found, generators)):
            del found, decisions, trace
            return first, outputs, results
        outputs = flatten_result(outputs.unflatten(results))[1]  # the first's holds its Values
        del found, decisions, trace
        plain = self._plain_run(values, generators)
        self._check_plain(plain, first, outputs, results)
        return first, outputs, results

    def _is_alike_for_floats(self, known: Repeatable, trace: Trace, first: Recorded) -> bool:
        """Whether what does the same at every run does it with floats too, or never gets any."""
        if self._gets_no_floats or is_differentiated(first.captured):
            return True
        if not (self.are_bare and known.is_of_floats_alone):
            return False
        nodes = trace.tape.nodes
        if isinstance(self._f, Derivative) and not known.takes_plain_data(nodes, self.are_floats):
            return False
        return are_finite(nodes) and are_finite(first.captured)

    def _difference(
        self,
        first: Recorded,
        found: Sequence[Any],
        decisions: Sequence[Decision],
        again: Trace,
        found_again: Sequence[Any],
    ) -> str | None:
        """Where the second recording differs from the first, in words."""
        if again.repeats(decisions, found_again, found):
            return None
        again.tape.part()
        # Perhaps in what no result depends on.
        return difference(first, self._read_off(again, found_again))

    @property
    def _gets_no_floats(self) -> bool:
        """Whether the function gets Values alone, uncompiled too: it is differentiated by all of
        its arguments, which are floats."""
        is_of_all = isinstance(self._f, Derivative) and self._are_plain and not self._data
        return is_of_all and self.are_floats

    def _does_it_again(self, first: Trace, found: Sequence[Any], generators: list[Any]) -> bool:
        """Whether a third recording is as the first was. Of a function of Values alone, and none of
        a user's rules, this says what a run as it was written would, and computes no derivative
        anew."""
        states = states_of(generators)
        try:
            third, results, _ = self.trace(first)
        except Exception:  # noqa: BLE001 (which the run that follows raises too, or tells of)
            return False
        is_same = third.repeats(first.decisions, results, found)
        del results, _  # before their tape, as above
        return is_same and states_of(generators) == states

    def _first_trace(self, known: Repeatable | None) -> tuple[Trace, list[Any], Structure]:
        try:
            return self.trace(known=known)
        except RecordingError:
            raise
        except CLUMSY as error:
            if self._is_of_values(error):
                raise RecordingError(of_values(error, self._shown_f, self._bare_data)) from error
            raise

    def _is_of_values(self, error: Exception) -> bool:
        """Whether the function raises this of Values, again, and nothing of plain numbers: floats,
        or the ints that were handed over."""
        if all(plain_run(way).error is not None for way in (self.plainly, self.as_given)):
            return False
        try:
            self.trace()
        except RecordingError:
            return False
        except CLUMSY as again:
            return type(again) is type(error)
        return False

    @property
    def _bare_data(self) -> list[str]:
        """The names of the arguments that are one number which is not differentiated by."""
        alone = {
            place: _shown(self._places, place)
            for place, x in self._bound.items()
            if not is_array(x) and opened(x)[2] is None
        }
        if not isinstance(self._f, Derivative):
            return list(alone.values())
        return [name for place, name in alone.items() if self._stays(place)]

    def _plain_run(self, values: Sequence[Value], generators: list[Any]) -> Plain:
        """The function on floats. What it keeps (in a cache, say) is then what a recording kept, so
        that it is found to be left over, and not a number like any other."""
        keeps = are_kept(values)
        states = states_of(generators)
        run = partial(plain_run, self.plainly)
        plain = run()
        if plain.asked:
            how, line = plain.asked[0]
            raise RecordingError(
                f"{self._shown_f} {how} ({line}) where its arguments are floats; {PASS}"
            )
        self._check_undrawn(generators, states, run)
        if keeps:
            self.trace()
        return plain

    def _check_plain(
        self, plain: Plain, recorded: Recorded, outputs: Structure, results: list[float]
    ) -> None:
        """RecordingError where the function does not do with Values what it does with floats; what
        a derivative raises of plain numbers, it raises."""
        if plain.error is not None and isinstance(self._f, Derivative):
            raise plain.error
        if plain.result is None:
            if (
                not isinstance(plain.error, (ArithmeticError, ValueError))
                or not self._parts_before()
            ):
                return
            shown = describe(outputs.unflatten(results))
            differs = f"{type(plain.error).__name__} for floats, {shown} for Values"
        else:
            inputs = [*self.numbers, *[x.data for x in recorded.captured]]
            differs = unlike_plain(
                plain, results, outputs, lambda: recorded.program, inputs, self.parts_from
            )
        if not differs:
            return
        line = parting(self.trace, lambda: plain_run(self.plainly))
        where = f"; the two part at {line}" if line else ""
        raise RecordingError(
            f"{self._shown_f} gives another result for plain floats than for the Values that it "
            f"is recorded with: {differs}{where}. Decide by what a number is worth, not by what "
            "it is (isinstance, type, hasattr, an exception), or name the argument in "
            "static_argnames"
        )

    def parts_from(self, plainly: Callable[[], object] | None = None) -> bool:
        """Whether the function does other things with Values than with plain numbers, as it is
        handed these by a call; floats if there is none."""
        return parting(self.trace, lambda: plain_run(plainly or self.plainly)) != ""

    def _parts_before(self) -> bool:
        """Whether it does so before floats raise something."""

        def plainly() -> None:
            error = plain_run(self.plainly).error
            if error is not None:
                raise error

        return parts_before(self.trace, plainly)

    @property
    def _shown_f(self) -> str:
        return str(getattr(self._f, "__qualname__", self._f))

    def check_apart(self) -> None:
        """For a function that writes to them: RecordingError if an object is there twice, which
        would be written to in one place only, or can't be written to."""
        if is_aliased(self.traced):
            raise RecordingError(
                f"{self._shown_f} writes to its arguments, and one of them is there twice: a "
                "compiled function has a copy of each; hand over copies, or write to copies"
            )
        if has_read_only(self.traced):
            raise RecordingError(
                f"{self._shown_f} writes to its arguments, and one of them is a read-only "
                "array: a compiled function has a copy of each, which is not; write to copies"
            )

    def _check_undrawn(
        self, generators: list[Any], states: list[bytes], run: Callable[[], object]
    ) -> None:
        """Raises RecordingError if each run leaves the generators in another state. Where another
        thread draws from one of them too, it may take some more runs to see that it was not the
        function."""
        for _ in range(5):
            now = states_of(generators)
            if now == states:
                return
            states = now
            run()
        line = line_that_changes(run, lambda: states_of(generators))
        where = f" ({line})" if line else ""
        raise RecordingError(
            f"a compiled function draws random numbers{where}: after every run of {self._shown_f} "
            f"a generator that it can reach is in another state (unless other threads draw from it "
            f"all the time: then give it one of its own); {PASS}"
        )

    def trace(
        self, first: Trace | None = None, known: Repeatable | None = None
    ) -> tuple[Trace, list[Any], Structure]:
        """Run the function once, perhaps after another time; the recording, and the results as
        they are and as a nesting. `known`: that it is to be the only time."""
        values = [Value(x) for x in self.numbers]
        trace = Trace(values, self.names, first, known is None)
        tree = self.structure.unflatten(values)
        if not self.are_bare:
            tree = with_own_attributes(values_like(tree, self.traced))
        if isinstance(self._f, Derivative) and known is not None:
            trace.tape.are_last = lambda: (
                known.is_unchanged() and _holds(tree, self.structure, values)
            )
        results, outputs = flatten_result(trace.run(lambda: self._call_with(tree)))
        self.are_written |= not _holds(tree, self.structure, values)
        if self.are_written:
            self.check_apart()
        return trace, results, outputs

    def _read_off(self, trace: Trace, results: Sequence[Any]) -> Recorded:
        if self._slots_of_data:
            add_decisions_of_floats(trace, self._slots_of_data)
        return read_off(trace, results, self.names)


def _holds(tree: Any, structure: Structure, values: Sequence[Value]) -> bool:
    """Whether these Values, and nothing else, are in their places."""
    try:
        found, now = flatten(tree)
    except TypeError:
        return False
    return now == structure and all(x is y for x, y in zip(found, values, strict=True))


def _shown(names: Sequence[str], place: int | str) -> str:
    if isinstance(place, str):
        return place
    return names[place] if place < len(names) else f"arg{place}"
