"""Makes every picture of the documentation, in docs/images: python docs/make_pictures.py

With names, only those: python docs/make_pictures.py loss boundary-dark. `--out DIR` writes
elsewhere. It needs: pip install matplotlib, and Chromium for the player's. The same versions
of everything make the same files, byte by byte.

To add a picture, write a function that takes the path of its file, and enter it in PICTURES.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import graphviz
from layout import folder_imports, purpose

import autograd
import nn
from autograd import Value
from autograd.cli import demo
from autograd.drawing import palette
from autograd.drawing.graphviz_program import with_graphviz
from autograd.exploring import Exploration, explorable
from autograd.exploring.page_parts import explorer_module, explorer_styles, script_safe

IMAGES = Path(__file__).resolve().parent / "images"
THEMES = ("light", "dark")
DPI = 110


FRAMES = (3, 5, 8, 10, 11, 12)  # steps of the toy's player
FILMSTRIP_SIZE = "1280,1168"
FILMSTRIP = """<!doctype html>
<html lang="{lang}" data-theme="{theme}">
<meta charset="utf-8">
<style>
  html {{ background: light-dark(#ffffff, #0d1117); color-scheme: {theme}; }}
  body {{ margin: 0; padding: 6px; height: 100vh; box-sizing: border-box; display: grid;
          grid-template: repeat(3, minmax(0, 1fr)) / repeat(2, minmax(0, 1fr)); gap: 10px; }}
  .chainrule-player {{ height: 100%; }}
  .cr-note {{ white-space: nowrap; font-size: .93em; }}
  .cr-controls, .cr-panel, details {{ display: none !important; }}
</style>
{frames}
<script>
  for (const frame of document.querySelectorAll("[data-show]")) {{
    const slider = frame.querySelector("input[type=range]");
    slider.value = frame.dataset.show;
    slider.oninput();
  }}
</script>
"""
TOY = "c = a + b; d = b + 1; e = c * d"
QUIZ_ANSWERS = {
    "e3-derivative": "2",
    "e4-derivative": "3",
    "e3-message": "2",
    "n4-grad": "1",
    "n1-grad": "3",
}
EXPLORER = """<!doctype html>
<html lang="en" data-theme="{theme}">
<meta charset="utf-8">
<style>
  {styles}
  html {{ background: light-dark(#ffffff, #0d1117); color-scheme: {theme}; }}
  body {{ margin: 0; padding: 6px; }}
</style>
<div id="here"></div>
<script type="module">
{module}
mount(document.querySelector("#here"), {{state: {state}, receive: () => new Promise(() => {{}})}});
</script>
"""


# -- what the pictures show ------------------------------------------------------------------------


def moons(count: int, seed: int, noise: float = 0.13) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles, class 0 and class 1, and some noise."""
    rng = random.Random(seed)
    X, y = [], []
    for i in range(count):
        angle, label = math.pi * rng.random(), i % 2
        u, v = math.cos(angle), math.sin(angle)
        u, v = (1.0 - u, 0.5 - v) if label else (u, v)
        X.append([u + rng.gauss(0.0, noise), v + rng.gauss(0.0, noise)])
        y.append(label)
    return X, y


@cache
def trained() -> dict[str, Any]:
    """A 2-16-16-1 network that has learned the moons, and how its losses went."""
    X, y = moons(100, seed=1)
    X_new, y_new = moons(100, seed=2)
    model = nn.MLP(2, [16, 16, 1], seed=0)
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    losses, validation = [], []
    for _ in range(100):
        loss = nn.binary_cross_entropy([model(x) for x in X], y)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.data)
        validation.append(nn.binary_cross_entropy([model(x).data for x in X_new], y_new))
        optimizer.step()
    return {"model": model, "X": X, "y": y, "losses": losses, "validation": validation}


def two_two_two() -> nn.MLP:
    """The 2-2-2 network of sigmoid neurons, after one backward pass."""
    numbers = (0.25, 0.25, 0.15, 0.20, 0.30, 0.35, 0.40, 0.35)
    w = [Value(number, f"w{i}") for i, number in enumerate(numbers, 1)]
    hidden = nn.Layer.from_weights([w[0:2], w[2:4]], Value(0.4, "b1"), "sigmoid")
    output = nn.Layer.from_weights([w[4:6], w[6:8]], Value(0.7, "b2"), "sigmoid")
    model = nn.MLP.from_layers([hidden, output])
    nn.half_squared_error(model([0.02, 0.04]), [0.5, 0.9]).backward()
    return model


# -- the pictures ----------------------------------------------------------------------------------


def loss(path: Path, theme: str) -> None:
    run = trained()
    save(nn.loss_curve(run["losses"], run["validation"], theme=theme), path)


def boundary(path: Path, theme: str) -> None:
    run = trained()
    save(nn.decision_boundary(run["model"], run["X"], run["y"], theme=theme), path)


def save(ax: Any, path: Path) -> None:
    from matplotlib import pyplot

    drawn = BytesIO()
    ax.figure.savefig(drawn, dpi=DPI)
    pyplot.close(ax.figure)
    write(drawn, path)


def write(drawn: BytesIO | Path, path: Path) -> None:
    """As a small PNG: 192 colours, and no word about which version of what made it."""
    from PIL import Image

    picture = Image.open(drawn).convert("RGB")
    picture = picture.quantize(192, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    picture.save(path, "PNG", optimize=True)


def filmstrip(path: Path, theme: str, lang: str = "en") -> None:
    """Six moments of the toy's player, photographed in a browser."""
    player = autograd.steps(demo.toy(), lang=lang).html()
    frames = "".join(f'<div data-show="{step}">{player}</div>' for step in FRAMES)
    photograph(FILMSTRIP.format(theme=theme, lang=lang, frames=frames), FILMSTRIP_SIZE, path)


def explored(path: Path, theme: str) -> None:
    """The toy with a moved to -3, and the paths from b."""
    shown = Exploration(explorable(TOY, (), {"a": 2, "b": 1}))
    shown.receive({"set": {"a": -3}})
    shown.receive({"inspect": 1})
    photograph(explorer_page(shown, theme), "960,650", path)


def descended(path: Path, theme: str) -> None:
    """A neuron's loss after eight steps of gradient descent."""
    model = nn.Neuron(2, activation="tanh", seed=1)
    shown = Exploration(explorable(model, ([0.5, -1.0], 0.8), {}), descend=True)
    for _ in range(8):
        shown.receive({"descend": {"rate": 0.3}})
    photograph(explorer_page(shown, theme), "1080,775", path)


def asked(path: Path, theme: str) -> None:
    """The quiz with some answers, right and wrong ones."""
    shown = Exploration(explorable(TOY, (), {"a": 2, "b": 1}), quiz=True, still=True)
    for line, text in QUIZ_ANSWERS.items():
        shown.receive({"answer": {"question": line, "text": text}})
    shown.receive({"hint": "n2-grad"})
    photograph(explorer_page(shown, theme), "1180,850", path)


def explorer_page(shown: Exploration, theme: str) -> str:
    """A page that shows it and never answers."""
    return EXPLORER.format(
        theme=theme,
        styles=explorer_styles(),
        module=explorer_module(),
        state=script_safe(shown.state()),
    )


def photograph(page: str, size: str, path: Path) -> None:
    """A page as a browser shows it, as a small PNG."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit(
            "the player's pictures need Chromium, and neither chromium nor "
            "google-chrome is on the PATH"
        )
    with TemporaryDirectory() as folder:
        file, shot = Path(folder, "page.html"), Path(folder, "shot.png")
        file.write_text(page, "utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            "--force-device-scale-factor=1.25",
            f"--window-size={size}",
            f"--user-data-dir={folder}/profile",
            f"--screenshot={shot}",
        ]
        subprocess.run([browser, *options, file.as_uri()], check=True, capture_output=True)
        write(shot, path)


def toy(path: Path, theme: str, lang: str = "en") -> None:
    autograd.draw(demo.toy(), theme=theme, lang=lang).write(path)


def square(path: Path, theme: str) -> None:
    x = Value(-3.0, "x")
    s = x * x
    s.label = "s"
    y = s + x
    y.label = "y"
    y.backward()
    autograd.draw(y, theme=theme).write(path)


def loss_2_2_2(path: Path, theme: str) -> None:
    """The whole graph of the 2-2-2 network's loss."""
    model = two_two_two()
    h1, h2 = h = model.layers[0]([Value(0.02, "i1"), Value(0.04, "i2")])
    o1, o2 = o = model.layers[1](h)
    E = nn.half_squared_error(o, [0.5, 0.9])
    h1.label, h2.label, o1.label, o2.label, E.label = "h1", "h2", "o1", "o2", "E"
    E.zero_grad()
    E.backward()
    autograd.draw(E, rankdir="TB", parameters=model, theme=theme).write(path)


def mlp_collapsed(path: Path, theme: str) -> None:
    """The 437 values of a network's output, as its 33 neurons."""
    out = nn.MLP(2, [16, 16, 1], seed=0)([Value(0.5, "x0"), Value(-1.0, "x1")])
    out.backward()
    autograd.draw(out, theme=theme).write(path)


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that say all: those that a way over others says as well are left out."""

    def below(name: str) -> set[str]:
        return graph[name].union(*map(below, graph[name]))

    return {name: targets - set().union(*map(below, targets)) for name, targets in graph.items()}


def architecture(path: Path, theme: str) -> None:
    """The folders of the source, from their docstrings, and which imports from which."""
    colours = palette.THEMES[theme]
    picture = graphviz.Digraph(graph_attr={"bgcolor": colours.background, "ranksep": "0.35"})
    picture.attr("node", shape="box", style="filled,rounded", color=colours.line)
    picture.attr("node", fontname="Helvetica", fontsize="13", fontcolor=colours.text)
    picture.attr("edge", color=colours.line, arrowsize="0.7")
    graph = folder_imports()
    graph["nn"] = graph.keys() - {"nn", "nn/training", "autograd/cli"}  # by the public names
    for name in sorted(graph):
        kind = "nn" if name.startswith("nn") else name.split("/")[1]
        fill = {"engine": colours.output, "nn": colours.parameter}.get(kind, colours.input)
        words = textwrap.wrap(purpose(name).replace("`", "").rstrip("."), 34)
        picture.node(name, f"{name}/\n" + "\n".join(words), fillcolor=fill)
    for name, targets in reduced(graph).items():
        for target in sorted(targets):
            picture.edge(name, target)
    path.write_bytes(with_graphviz("svg", lambda _: picture.pipe(format="svg")))


def in_both_themes(
    name: str, draw: Callable[[Path, str], None], suffix: str = ".png"
) -> dict[str, Any]:
    """`name.png` in light, `name-dark.png` in dark."""
    ends = {"light": suffix, "dark": f"-dark{suffix}"}
    return {name + ends[theme]: partial(draw, theme=theme) for theme in THEMES}


PICTURES: dict[str, Callable[[Path], None]] = {
    **in_both_themes("architecture", architecture, ".svg"),
    **in_both_themes("toy", toy, ".svg"),
    **in_both_themes("toy-zh", partial(toy, lang="zh"), ".svg"),
    **in_both_themes("square", square, ".svg"),
    **in_both_themes("loss-2-2-2", loss_2_2_2, ".svg"),
    **in_both_themes("mlp-collapsed", mlp_collapsed, ".svg"),
    **in_both_themes("loss", loss),
    **in_both_themes("boundary", boundary),
    **in_both_themes("steps", filmstrip),
    **in_both_themes("steps-zh", partial(filmstrip, lang="zh")),
    **in_both_themes("explore", explored),
    **in_both_themes("descend", descended),
    **in_both_themes("quiz", asked),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the pictures of the documentation.")
    known = {Path(name).stem: name for name in PICTURES}
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--out", type=Path, default=IMAGES, metavar="DIR")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"no picture is called {', '.join(unknown)}; there are {', '.join(known)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or known:
        path = options.out / known[name]
        PICTURES[known[name]](path)
        print(f"{path.name}  {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("Agg")
    main()
