"""Runs the notebooks from the top and writes their outputs back: python notebooks/make.py

With names, only those: python notebooks/make.py 01 02_the. It needs Chromium on the PATH and

    pip install ".[all]"

A cell that fails stops it, and that notebook stays as it was. Every picture is written as a PNG,
which JupyterLab shows in notebooks it does not trust and web pages show without sanitising it; the
HTML and SVG that `draw` and `steps` give in a running notebook are left out, and so are times and
versions. Of a player, six moments are shown. The same versions of everything make the same files,
byte by byte. What a diagram shows is said by itself; what a figure of matplotlib shows, by `alt` in
the metadata of its cell.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parent
TIMEOUT = 300  # seconds that one cell may take
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
DENSITY = 2  # pixels of a PNG for each pixel on the page
PAGE = """<!doctype html><meta charset="utf-8"><body><script>
async function png(svg) {
  const image = new Image();
  image.src = "data:image/svg+xml," + encodeURIComponent(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = DENSITY * image.naturalWidth;
  canvas.height = DENSITY * image.naturalHeight;
  const paper = canvas.getContext("2d");
  paper.fillStyle = "white";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").split(",")[1];
}
Promise.all(SVGS.map(png)).then(pngs => document.body.textContent = pngs.join(" ") + " .");
</script>"""


MOMENTS = 6
MOMENTS_TOLD = {"en": "{} moments of the player. {}", "zh": "播放器的 {} 个瞬间。{}"}
STRIP = """<!doctype html><html data-theme="light"><meta charset="utf-8"><style>
  html { background: white; color-scheme: light; }
  body { margin: 0; padding: 6px; height: 100vh; box-sizing: border-box; display: grid; gap: 10px;
         grid-template: repeat(3, minmax(0, 1fr)) / repeat(2, minmax(0, 1fr)); }
  .chainrule-player { height: 100%; }
  .cr-controls, .cr-panel, details { display: none !important; }
</style>PLAYERS<script>
  const sliders = document.querySelectorAll("input[type=range]");
  sliders.forEach((slider, i) => {
    slider.value = Math.round(slider.max * (i + 1) / sliders.length);
    slider.oninput();
  });
</script>"""
STRIP_SIZE = "1280,1168"
STRIP_DENSITY = 1.25


def paths(names: list[str] | None = None) -> list[Path]:
    """The notebooks, in reading order; of those, the ones whose names begin with one of `names`."""
    found = sorted(NOTEBOOKS.glob("*.ipynb"))
    return [path for path in found if not names or path.name.startswith(tuple(names))]


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a fresh run; an error in a cell is an error here."""
    notebook = nbformat.read(path, as_version=4)
    run(notebook)
    return notebook


def run(notebook: nbformat.NotebookNode) -> None:
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        extra_arguments=["--InlineBackend.figure_formats={'retina'}", "--log-level=ERROR"],
        coalesce_streams=True,
        record_timing=False,
    )
    client.execute()


def outputs(notebook: nbformat.NotebookNode) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", ())


def words(notebook: nbformat.NotebookNode) -> list[str]:
    """What each cell says in words: what it printed, the text of results and of pictures."""
    return [
        "".join(
            output.get("text") or output.get("data", {}).get("text/plain", "")
            for output in cell.get("outputs", ())
        )
        for cell in notebook.cells
    ]


def settle(notebook: nbformat.NotebookNode) -> None:
    """Leave nothing in it that a second run, another machine or a web page would change."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        told = {"alt": cell.metadata.alt} if "alt" in cell.metadata else {}
        cell.metadata = nbformat.from_dict(told)
    draw_svgs(notebook)
    for output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = compressed(output.data["image/png"])
            # Some pages shrink the width to fit, and then a stated height would distort.
            output.metadata["image/png"].pop("height", None)


def draw_svgs(notebook: nbformat.NotebookNode) -> None:
    """A PNG in the place of each diagram, and of each player, which is a script."""
    diagrams = [output for output in outputs(notebook) if "image/svg+xml" in output.get("data", {})]
    pngs = photographs([output.data["image/svg+xml"] for output in diagrams])
    for output, png in zip(diagrams, pngs, strict=True):
        output.data["image/png"] = png
        output.metadata["image/png"] = {
            "width": image_of(png).width // DENSITY,
            "alt": output.data["text/plain"],
        }
    for output in outputs(notebook):
        if "chainrule-player" in output.get("data", {}).get("text/html", ""):
            png = filmstrip(output.data["text/html"])
            language = re.search(r' lang="(\w+)"', output.data["text/html"])[1]
            output.data["image/png"] = png
            output.metadata["image/png"] = {
                "width": image_of(png).width // DENSITY,
                "alt": MOMENTS_TOLD[language].format(MOMENTS, output.data["text/plain"]),
            }
        for form in ("text/html", "image/svg+xml"):
            output.get("data", {}).pop(form, None)


def photographs(svgs: list[str]) -> list[str]:
    """PNGs of SVGs, in base64, as a browser draws them: it has fonts for all scripts."""
    if not svgs:
        return []
    script = PAGE.replace("DENSITY", str(DENSITY)).replace(
        "SVGS", json.dumps(svgs).replace("</", "<\\/")
    )
    with TemporaryDirectory() as folder:
        dom = browse(script, folder, "--virtual-time-budget=60000", "--dump-dom")
    found = re.search(r"<body>(.*) \.", dom)
    if not found:
        raise SystemExit("Chromium has not drawn the diagrams")
    return found[1].split()


def filmstrip(player: str) -> str:
    """A PNG of moments of a player, in base64, as a browser shows them: two in a row."""
    with TemporaryDirectory() as folder:
        shot = Path(folder, "shot.png")
        browse(
            STRIP.replace("PLAYERS", MOMENTS * f"<div>{player}</div>"),
            folder,
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            f"--force-device-scale-factor={STRIP_DENSITY}",
            f"--window-size={STRIP_SIZE}",
            f"--screenshot={shot}",
        )
        return base64.b64encode(shot.read_bytes()).decode()


def browse(page: str, folder: str, *options: str) -> str:
    """What Chromium prints when it opens a page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("diagrams are drawn by Chromium, and there is none on the PATH")
    path = Path(folder, "page.html")
    path.write_text(page, "utf-8")
    always = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={folder}/profile",
    ]
    return subprocess.run(
        [browser, *always, *options, path.as_uri()], check=True, capture_output=True, text=True
    ).stdout


def image_of(png: str) -> Any:
    from PIL import Image

    return Image.open(BytesIO(base64.b64decode(png)))


def compressed(png: str) -> str:
    """The picture in 256 colours, a third as large, without a word about what made it."""
    from PIL import Image

    picture = image_of(png).convert("RGB")
    picture = picture.quantize(256, Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE)
    written = BytesIO()
    picture.save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs the notebooks and writes their outputs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="how a file's name begins")
    chosen = paths(parser.parse_args().names)
    if not chosen:
        parser.error("no notebook is called so")
    for path in chosen:
        notebook = executed(path)
        settle(notebook)
        nbformat.write(notebook, path)
        print(f"{path.name}  {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
