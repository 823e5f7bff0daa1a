// The network as columns of neurons, each with the picture of what it answers, and its weights as
// lines.

import { sharp } from "./colours.js";
import { paint } from "./plane.js";
import { word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const THICKEST = 7;

function element(name, attributes, parent) {
  const made = name === "svg" || parent?.namespaceURI === SVG ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

export class Diagram {
  /** `on`: choose(name of a parameter), look(place of a neuron or null), resize(layer, change). */
  constructor(container, on) {
    this.container = container;
    this.on = on;
    new ResizeObserver(() => this.described && this.#place()).observe(container);
  }

  /** Build it for a network: `widths` from the inputs to the output, and the parameters' names. */
  describe({ widths, names, cells }) {
    this.described = { widths, names, cells };
    this.container.replaceChildren();
    this.svg = element("svg", { "aria-hidden": "true" }, this.container);
    this.lines = new Map();
    this.neurons = widths.flatMap((width, column) =>
      Array.from({ length: width }, (_, row) => this.#neuron(column, row)),
    );
    for (const name of names.filter((name) => name.includes(".w"))) this.#line(name);
    this.#resizers();
    this.#place();
  }

  #neuron(column, row) {
    const { widths } = this.described;
    const last = column === widths.length - 1;
    const label = column === 0 ? word("input", row) : last ? word("outputNeuron") : word("neuron", column, row);
    const bias = `layer${column - 1}.neuron${row}.b`;
    const button = element("button", { class: "neuron", title: label, "aria-label": label }, this.container);
    if (column === 0) element("span", { class: "name" }, button).textContent = `x${row}`;
    const canvas = element("canvas", {}, button);
    const look = { column, row, label };
    button.onpointerenter = button.onfocus = () => this.on.look(look);
    button.onpointerleave = button.onblur = () => this.on.look(null);
    button.onclick = () => column > 0 && this.on.choose(bias);
    return { ...look, button, canvas };
  }

  #line(name) {
    const group = element("g", { class: "weight" }, this.svg);
    const title = element("title", {}, group);
    const hit = element("path", { class: "hit" }, group);
    const seen = element("path", { class: "seen" }, group);
    group.onclick = () => this.on.choose(name);
    this.lines.set(name, { group, title, hit, seen });
  }

  #resizers() {
    const { widths } = this.described;
    this.resizers = widths.slice(1, -1).map((_, i) => {
      const box = element("div", { class: "resizer" }, this.container);
      for (const [sign, change, label] of [["−", -1, "fewerNeurons"], ["+", 1, "moreNeurons"]]) {
        const button = element("button", { "aria-label": word(label, i + 1), title: word(label, i + 1) }, box);
        button.textContent = sign;
        button.onclick = () => this.on.resize(i, change);
      }
      return box;
    });
  }

  #place() {
    const { widths } = this.described;
    const width = this.container.clientWidth;
    if (width === 0) return;
    const tallest = Math.max(...widths);
    const size = width < 420 ? 34 : tallest > 6 ? 40 : 48;
    const gap = width < 420 ? 10 : tallest > 4 ? 12 : 24;
    const top = 40;
    const height = Math.max(200, top + tallest * (size + gap));
    this.container.style.height = `${height}px`;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const columnAt = (column) => 22 + ((width - size - 26) * column) / (widths.length - 1);
    const rowAt = (column, row) => top + ((tallest - widths[column]) / 2 + row) * (size + gap);
    for (const { column, row, button } of this.neurons) {
      button.style.cssText = `left:${columnAt(column)}px;top:${rowAt(column, row)}px;width:${size}px;height:${size}px`;
    }
    this.resizers.forEach((box, i) => (box.style.cssText = `left:${columnAt(i + 1) + size / 2}px`));
    for (const [name, { hit, seen }] of this.lines) {
      const [layer, row, input] = name.match(/\d+/g).map(Number);
      const from = [columnAt(layer) + size, rowAt(layer, input) + size / 2];
      const to = [columnAt(layer + 1), rowAt(layer + 1, row) + size / 2];
      const middle = (from[0] + to[0]) / 2;
      const d = `M${from} C${middle},${from[1]} ${middle},${to[1]} ${to}`;
      hit.setAttribute("d", d);
      seen.setAttribute("d", d);
    }
    this.on.placed();
  }

  /** Show numbers, in the order of the names, as thickness; dashed where negative. */
  show(numbers, kind, figure) {
    const { names } = this.described;
    const most = Math.max(1e-12, ...numbers.map(Math.abs).filter(Number.isFinite));
    names.forEach((name, i) => {
      const line = this.lines.get(name);
      if (!line) return;
      const share = Math.min(1, Math.abs(numbers[i]) / most);
      line.group.setAttribute("class", `weight ${kind}${numbers[i] < 0 ? " negative" : ""}`);
      line.group.classList.toggle("chosen", name === this.chosen);
      line.seen.style.strokeWidth = 0.6 + (THICKEST - 0.6) * share;
      line.title.textContent = `${name}: ${figure(numbers[i])}`;
    });
  }

  choose(name) {
    this.chosen = name;
    for (const [key, { group }] of this.lines) group.classList.toggle("chosen", key === name);
    const [layer, row] = name?.endsWith(".b") ? name.match(/\d+/g).map(Number) : [];
    for (const { column, row: at, button } of this.neurons) {
      button.classList.toggle("chosen", column - 1 === layer && at === row);
    }
  }

  /** Paint every neuron; `pictures` has the hidden ones and the output, the inputs are drawn. */
  paint(pictures, shades) {
    const { cells } = this.described;
    const own = [inputPicture(cells, 0), inputPicture(cells, 1), ...pictures];
    this.neurons.forEach(({ canvas }, i) => {
      const { context, width, height } = sharp(canvas);
      if (width) paint(context, own[i], cells, shades, width, height);
    });
    this.pictures = own;
  }

  /** The picture of a neuron. */
  pictureAt({ column, row }) {
    return this.pictures[this.neurons.findIndex((n) => n.column === column && n.row === row)];
  }
}

/** An input's own picture: the coordinate itself. */
function inputPicture(cells, axis) {
  return Float32Array.from({ length: cells * cells }, (_, i) => {
    const along = axis === 0 ? i % cells : cells - 1 - Math.floor(i / cells);
    return (2 * along) / (cells - 1) - 1;
  });
}
