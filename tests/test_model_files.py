"""Files of models and checkpoints: what they say, what does not fit, and what they replace."""

from __future__ import annotations

import errno
import json
import math
import os
import random
import re
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damage import damaged

import autograd
import nn
from autograd import Value
from nn import replacing

pytestmark = pytest.mark.one_form

DAMAGED = int(os.environ.get("CHAINRULE_DAMAGED_FILES", "150"))
"""How many damaged files of each kind are tried."""


def swish(x: Any) -> Any:
    return x * autograd.sigmoid(x)


class Net(nn.Module):
    """A model of a user's own."""

    def __init__(self, width: int, squash: Any = "tanh", depth: int = 1) -> None:
        self.width = width
        self.squash = squash
        self.hidden = [nn.Layer(2, width, "relu", seed=i) for i in range(depth)]
        self.out = nn.Neuron(width, "linear", seed=9)
        self.calls = 0  # no argument: not compared

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.out(self.hidden[0](x))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "neuron": lambda: nn.Neuron(3, "sigmoid", seed=1),
    "layer": lambda: nn.Layer(2, 3, "relu", seed=1),
    "network": lambda: nn.MLP(2, [4, 3], "elu", "sigmoid", seed=1),
    "shared bias": lambda: nn.MLP.from_layers([nn.Layer.from_weights([[1, 2], [3, 4]], 0.5)]),
    "shared layer": lambda: nn.MLP.from_layers([nn.Layer(2, 2, seed=1)] * 2),
    "function of ours": lambda: nn.MLP(2, [2, 1], activation=autograd.silu, seed=1),
    "module as activation": lambda: nn.MLP(2, [2, 1], activation=nn.LeakyReLU(0.3), seed=1),
    "sequence": lambda: nn.Sequential(
        nn.Linear(2, 3, seed=1),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.Sequential(nn.ELU(0.5), nn.Linear(3, 2, bias=False, seed=2)),
        nn.Softmax(),
    ),
}


def mixed() -> nn.Layer:
    """A layer whose neurons differ."""
    layer = nn.Layer(2, 2, "tanh", seed=1)
    layer.neurons[1].activation = "relu"
    return layer


MODELS["mixed layer"] = mixed


def answer(model: Any) -> list[float]:
    out = model.eval()([0.3, -1.2, 2.0] if isinstance(model, nn.Neuron) else [0.3, -1.2])
    return [x.data for x in (out if isinstance(out, list) else [out])]


# -- a file says what it is of ---------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_from_its_file_alone(name: str, tmp_path: Path) -> None:
    """Same class, same answer to the last bit, same parameters, what was shared still shared."""
    path = tmp_path / "model.json"
    model = MODELS[name]()
    model.save(path)
    found = nn.load(path)
    assert repr(found) == repr(model)
    assert found.state_dict() == model.state_dict()
    assert answer(found) == answer(model)
    again = tmp_path / "again.json"
    found.save(again)
    assert again.read_text("utf-8") == path.read_text("utf-8")
    other = MODELS[name]()
    for parameter in other.parameters():
        parameter.data = 0.0
    other.load(path)
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize(
    ("ours", "message"),
    [
        (lambda: nn.MLP(2, [3, 1], "relu"), "layer0.activation is 'tanh' in the file and 'relu'"),
        (lambda: nn.MLP(2, [3, 1], swish), "'tanh' in the file and the function swish in the"),
        (lambda: nn.MLP(2, [3, 1], output_activation="sigmoid"), "layer1.activation is 'linear'"),
        (
            lambda: nn.MLP(2, [4, 1]),
            "13 numbers against 17; layer0.n_outputs is 3 in the file and 4",
        ),
        (lambda: nn.MLP(2, [3, 3, 1]), "'layer2' is nothing in the file and 'nn.Layer' in the"),
        (lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)), "it is 'nn.MLP' in the file and"),
        (lambda: Net(3), "it is 'nn.MLP' in the file and 'Net' in the model"),
        (
            lambda: nn.MLP.from_layers(
                [nn.Layer.from_weights([[0, 0]] * 3, 0.0), nn.Layer(3, 1, "linear")]
            ),
            "other parts are shared: 'layer0.neuron1.b' with 'layer0.neuron0.b'",
        ),
    ],
)
def test_another_model_is_an_error_that_names_both(
    ours: Callable[[], nn.Module], message: str, tmp_path: Path
) -> None:
    """Also where the numbers would fit; nothing changes."""
    path = tmp_path / "model.json"
    nn.MLP(2, [3, 1], seed=0).save(path)
    model = ours()
    before = model.state_dict()
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        model.load(path)
    assert "model.json' (saved from 'MLP(2 → 3 → 1, tanh, 13 parameters)')" in str(caught.value)
    assert model.state_dict() == before


def test_dropout_is_part_of_a_model(tmp_path: Path) -> None:
    """Another share is another model."""
    path = tmp_path / "model.json"
    nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.5)).save(path)
    with pytest.raises(ValueError, match=r"layer1\.p is 0\.5 in the file and 0\.25 in the model"):
        nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.25)).load(path)


def test_models_of_ones_own(tmp_path: Path) -> None:
    """By their class and those arguments that they keep; and built by their owner only."""
    path = tmp_path / "net.json"
    model = Net(3)
    model([1.0, 2.0])
    model.save(path)
    other = Net(3)
    other.load(path)
    assert other.state_dict() == model.state_dict()
    for net, message in [
        (Net(4), "width is 3 in the file and 4 in the model"),
        (Net(3, "relu"), "squash is 'tanh' in the file and 'relu' in the model"),
        (Net(3, swish), "squash is 'tanh' in the file and the function swish in the model"),
        (Net(3, depth=2), "'hidden.1' is nothing in the file and 'nn.Layer' in the model"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            net.load(path)
    with pytest.raises(ValueError, match=r"class of your own, Net: build the model, and call mod"):
        nn.load(path)


def test_what_a_file_cannot_say_is_not_compared(tmp_path: Path) -> None:
    """An argument that JSON has no words for, lambdas apart from each other."""

    class Odd(nn.Module):
        def __init__(self, source: Any, act: Any) -> None:
            self.source, self.act, self.p = source, act, Value(1.0)

    path = tmp_path / "odd.json"
    Odd(object(), lambda x: x).save(path)
    Odd(random.Random(1), lambda x: 2 * x).load(path)
    entry = json.loads(path.read_text("utf-8"))["architecture"][""]
    assert entry == {"class": "Odd", "act": {"function": "<lambda>"}}


def test_a_function_of_ones_own_is_built_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    model = nn.MLP(2, [3, 1], swish, seed=1)
    model.save(path)
    with pytest.raises(ValueError, match=r"function of your own as activation, swish: build"):
        nn.load(path)
    other = nn.MLP(2, [3, 1], swish, seed=2)
    other.load(path)
    assert other.state_dict() == model.state_dict()


def test_files_of_0_1_0(tmp_path: Path) -> None:
    """They have no architecture, but words, which are exact for the classes of that time."""
    path = tmp_path / "old.json"
    model = nn.MLP(1, [1], seed=0)
    old = {"module": "MLP(1 → 1, linear, 2 parameters)", "parameters": model.state_dict()}
    path.write_text(json.dumps(old), "utf-8")
    other = nn.MLP(1, [1], seed=1)
    other.load(path)
    assert other.state_dict() == model.state_dict()
    with pytest.raises(ValueError, match=r"linear, 2 par.* does not fit MLP.*relu.*: it is of ano"):
        nn.MLP(1, [1], output_activation="relu").load(path)
    with pytest.raises(ValueError, match=r"says no architecture: build the model, and call mod"):
        nn.load(path)


# -- damaged files ---------------------------------------------------------------------------------


def refusal(load: Callable[[], Any]) -> str:
    """What the error says; "" if there is none."""
    try:
        load()
    except (ValueError, TypeError) as error:
        return str(error)
    return ""


def check_unchanged_or_loaded(path: Path, model: nn.Module, load: Callable[[], Any]) -> bool:
    """Whether it was refused: then with an error that names the file, and nothing has changed."""
    before = model.state_dict()
    if said := refusal(load):
        assert path.name in said
        assert model.state_dict() == before
    assert all(type(x) is float for x in model.state_dict().values())
    return said != ""


@pytest.mark.parametrize("name", ["network", "sequence", "shared layer", "own"])
def test_damaged_models(name: str, tmp_path: Path) -> None:
    """Refused with the file's name, or loaded with numbers; no other error, and no endless work."""
    path = tmp_path / "damaged.json"
    make = MODELS.get(name, lambda: Net(2))
    make().save(path)
    text = path.read_text("utf-8")
    refused = 0
    for seed in range(DAMAGED):
        path.write_bytes(damaged(text, seed))
        model = make()
        refused += check_unchanged_or_loaded(path, model, lambda m=model: m.load(path))
        said = refusal(lambda: nn.load(path))
        assert path.name in (said or path.name)
    assert refused > DAMAGED // 2


X = [[random.Random(i).uniform(-1, 1), random.Random(-i - 1).uniform(-1, 1)] for i in range(12)]
Y = [int(a > b) for a, b in X]
KINDS: dict[str, Callable[[Any], nn.Optimizer]] = {
    "sgd": lambda p: nn.SGD(p, 0.1, 0.9, nesterov=True),
    "adam": lambda p: nn.Adam(p, 0.1),
    "rmsprop": lambda p: nn.RMSprop(p, 0.01, momentum=0.5, centered=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_checkpoints(kind: str, tmp_path: Path) -> None:
    """Refused with the file's name, model and optimiser as they were, or gone on with."""
    path = tmp_path / "damaged.json"
    settings: dict[str, Any] = {
        "batch_size": 5,
        "validation": 0.25,
        "schedule": nn.schedules.cosine(9),
        "engine": "eager",
        "checkpoint": path,
    }

    def resume(epochs: int, model: nn.Module, optimizer: nn.Optimizer) -> None:
        nn.fit(model, X, Y, epochs=epochs, optimizer=optimizer, resume=True, **settings)

    def fresh() -> tuple[nn.Module, nn.Optimizer]:
        model = nn.MLP(2, [2, 1], seed=1)
        return model, KINDS[kind](model.parameters())

    resume(3, *fresh())
    text = path.read_text("utf-8")
    refused = 0
    for seed in range(DAMAGED):
        path.write_bytes(damaged(text, seed))
        model, optimizer = fresh()
        before = optimizer.state_dict()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the numbers may be huge
            was_refused = check_unchanged_or_loaded(
                path, model, lambda m=model, o=optimizer: resume(4, m, o)
            )
        if was_refused:
            assert optimizer.state_dict() == before
        refused += was_refused
    assert refused > DAMAGED // 2


def test_a_changed_number_of_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    """Digit by digit, though it is still a number; a file that was edited on purpose is taken."""
    path = tmp_path / "run.json"

    def resume() -> nn.History:
        model = nn.MLP(2, [1], seed=0)
        return nn.fit(model, X, Y, epochs=2, checkpoint=path, resume=True, engine="eager")

    resume()
    document = json.loads(path.read_text("utf-8"))
    document["training"]["optimizer"]["mean"][1] *= 1.5
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(ValueError, match=r"run\.json' does not fit: some of its numbers are not"):
        resume()
    del document["digest"]
    path.write_text(json.dumps(document), "utf-8")
    assert len(resume()) == 2


def test_a_damaged_pickle_of_a_graph_ends(tmp_path: Path) -> None:
    """Whatever byte is changed: a graph, or an error, and no endless work."""
    code = (
        "import io, pickle, random, resource, sys, autograd\n"
        "from autograd import Value\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2)\n"  # pickle itself takes any size
        "a, b = Value(2.0, 'a'), Value(-3.0, 'b')\n"
        "c = autograd.sum([a * b, a.exp(), b])\n"
        "for _ in range(30): c = c * a + b.tanh()\n"
        "good = pickle.dumps([c, a])\n"
        f"for seed in range({DAMAGED}):\n"
        "    rng, bad = random.Random(seed), bytearray(good)\n"
        "    for _ in range(rng.choice([1, 2, 5])):\n"
        "        bad[rng.randrange(len(bad))] = rng.randrange(256)\n"
        "    try: pickle.loads(bytes(bad))\n"
        "    except Exception: pass\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60 + DAMAGED / 10, stderr=-3)


@pytest.mark.parametrize("counts", [[-5, 2, 5], [3, 0, 0], [10**9, 0, 0], [1, 1]])
def test_the_columns_of_a_pickled_graph_fit_each_other(counts: list[int]) -> None:
    """No input is read twice or left over, so that loading takes as long as the file is large."""
    from autograd.engine.serialization import rebuild

    primitive = (Value(1.0) * Value(2.0)).primitive
    columns = [[1.0] * 3, [0.0] * 3, {}, [None, None, primitive]]
    good = rebuild(*columns, [0, 0, 2], [0, 1], [1.0, 1.0])
    assert good[2].parents == (good[0], good[1])
    with pytest.raises(ValueError, match="the pickle of a graph is damaged"):
        rebuild(*columns, counts, [0, 1], [1.0, 1.0])


# -- what is replaced, and what is not -------------------------------------------------------------


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """And not replaced by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    nn.Neuron(1, seed=0).save(pipe)
    reader.join(timeout=10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert "w0" in json.loads(read[0])["parameters"]
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_stays_one(tmp_path: Path) -> None:
    """/dev/null, itself and through a link; also as a checkpoint."""
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    for path in ("/dev/null", link):
        nn.Neuron(1, seed=0).save(path)
        nn.fit(nn.MLP(2, [1]), X, Y, epochs=1, checkpoint=path)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert link.is_symlink()


def test_a_link_stays_one_and_its_file_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(folder / "model.json")  # which does not exist yet
    for seed in range(2):
        nn.Neuron(1, seed=seed).save(link)
        assert link.is_symlink()
        assert nn.load(folder / "model.json").state_dict() == nn.Neuron(1, seed=seed).state_dict()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "link.json", "model.json"]


def test_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        nn.Neuron(1).save(tmp_path)
    with pytest.raises(IsADirectoryError, match="is a directory; name a file in it"):
        nn.fit(nn.MLP(2, [1]), X, Y, epochs=1, checkpoint=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_be_written_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the directory would allow to replace it."""
    path = tmp_path / "model.json"
    path.write_text("precious")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may do anything
    with pytest.raises(PermissionError, match="may not be written"):
        nn.Neuron(1).save(path)
    assert path.read_text() == "precious"


def test_a_long_name_fits(tmp_path: Path) -> None:
    """As long as the file system takes."""
    path = tmp_path / ("m" * 250 + ".json")
    nn.Neuron(1, seed=0).save(path)
    assert list(tmp_path.iterdir()) == [path]


# -- drafts of the dead ----------------------------------------------------------------------------

DRAFT = ".model.json.0123abcd.tmp"


def test_a_draft_of_a_killed_process_goes_with_the_next_write(tmp_path: Path) -> None:
    """Really killed, in the middle of writing."""
    path = tmp_path / "model.json"
    code = (
        "import nn, os, sys\n"
        "def stay(_): print('writing', flush=True); sys.stdin.read()\n"
        "os.fsync = stay\n"
        f"nn.Neuron(1, seed=0).save({os.fspath(path)!r})\n"
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        nn.Neuron(1, seed=1).save(path)
        assert len(list(tmp_path.iterdir())) == 2  # its draft is alive: it is left alone
        process.kill()
    nn.Neuron(1, seed=2).save(path)
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_is_surely_a_stale_draft_of_this_file_goes(tmp_path: Path) -> None:
    """Not other names, no links, no directories."""
    path = tmp_path / "model.json"
    for name in (DRAFT, ".other.json.0123abcd.tmp", ".model.json.0123.tmp", "model.json.tmp"):
        (tmp_path / name).write_text("?")
    (tmp_path / ".model.json.00000000.tmp").mkdir()
    (tmp_path / ".model.json.11111111.tmp").symlink_to(tmp_path / DRAFT)
    before = {p.name for p in tmp_path.iterdir()}
    nn.Neuron(1, seed=0).save(path)
    assert {p.name for p in tmp_path.iterdir()} == before - {DRAFT} | {path.name}


def test_a_draft_that_was_swept_away_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the moment between its making and its locking."""
    lock, swept = replacing._lock, []

    def sweep_first(file: Any, wait: bool = True) -> None:
        if not swept:
            swept.append(os.unlink(file.name))
        lock(file, wait)

    monkeypatch.setattr(replacing, "_lock", sweep_first)
    path = tmp_path / "model.json"
    nn.Neuron(1, seed=0).save(path)
    assert swept
    assert nn.load(path).state_dict() == nn.Neuron(1, seed=0).state_dict()
    assert list(tmp_path.iterdir()) == [path]


# -- a full disk -----------------------------------------------------------------------------------


class Disk:
    """Full while `full` is set."""

    full = False

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fsync = os.fsync

        def write_out(descriptor: int) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", write_out)


def test_a_full_disk_costs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained to the end, the model has its weights, and the error has the history; the file is
    that of the last write that worked."""
    disk, path = Disk(monkeypatch), tmp_path / "run.json"
    monkeypatch.setattr("nn.training.checkpoint.AT_MOST_EVERY", 0.0)
    monkeypatch.setattr("nn.training.checkpoint.SHARE", math.inf)

    def fill(history: nn.History) -> None:
        disk.full = len(history) >= 3

    model = nn.MLP(2, [1], seed=0)
    settings: dict[str, Any] = {"batch_size": 4, "patience": 50}
    with (
        pytest.warns(RuntimeWarning, match=r"run\.json' could not be written: .*No space left"),
        pytest.raises(OSError, match="No space left") as caught,
    ):
        nn.fit(model, X, Y, epochs=6, checkpoint=path, callback=fill, **settings)
    history = caught.value.history  # type: ignore[attr-defined]
    assert len(history) == 6
    assert "The history is in this error's attribute `history`" in caught.value.__notes__[0]
    other = nn.MLP(2, [1], seed=0)
    nn.fit(other, X, Y, epochs=6, **settings)
    assert model.state_dict() == other.state_dict()
    assert len(json.loads(path.read_text("utf-8"))["training"]["history"]["epoch"]) == 3
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_was_full_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning, and the checkpoint of the end is there."""
    disk, path = Disk(monkeypatch), tmp_path / "run.json"
    monkeypatch.setattr("nn.training.checkpoint.AT_MOST_EVERY", 0.0)
    monkeypatch.setattr("nn.training.checkpoint.SHARE", math.inf)

    def fill(history: nn.History) -> None:
        disk.full = 1 < len(history) < 4

    with pytest.warns(RuntimeWarning, match="could not be written"):
        history = nn.fit(nn.MLP(2, [1]), X, Y, epochs=6, checkpoint=path, callback=fill)
    assert len(history) == 6
    assert len(json.loads(path.read_text("utf-8"))["training"]["history"]["epoch"]) == 6


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "model.json"
    with pytest.raises(FileNotFoundError, match="there is no such directory; make it") as error:
        nn.Neuron(1, seed=0).save(path)
    assert error.value.filename == str(path)


def test_a_full_disk_keeps_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, path = Disk(monkeypatch), tmp_path / "model.json"
    nn.Neuron(1, seed=0).save(path)
    before = path.read_text("utf-8")
    disk.full = True
    with pytest.raises(OSError, match="No space left"):
        nn.Neuron(1, seed=1).save(path)
    assert path.read_text("utf-8") == before
    assert list(tmp_path.iterdir()) == [path]
