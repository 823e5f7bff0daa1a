// The network room: settings, training, pictures, and why a gradient is what it is.

import { colours, shades, sharp } from "./colours.js";
import { Curve } from "./curve.js";
import { Diagram } from "./diagram.js";
import { boundary, mark, paint, pictureOf, scale } from "./plane.js";
import { Stopped } from "./engine.js";
import { mounted, refusal } from "./expression.js";
import { frameFor } from "./frames.js";
import { reasons } from "./reasons.js";
import { spoken, word } from "./words.js";

const $ = (id) => document.getElementById(id);
const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];
const SPEEDS = [1, 10, 60, 0]; // steps a second; 0 is as many as there is time for
const USUAL_SPEED = 60;
const DEFAULTS = {
  data: "moons",
  noise: 0.1,
  layers: [4],
  activation: "tanh",
  loss: "binary_cross_entropy",
  optimizer: "Adam",
  rate: 0.03,
  batch: 10,
  seed: 0,
};
const PICTURE_TIME = 0.006; // seconds of each turn for drawing
const TURN = 30; // milliseconds of steps in a turn, at most
const BEAT = 120; // milliseconds from one picture of the training to the next, at least
const [MOST_LAYERS, MOST_NEURONS] = [4, 8]; // as in network_room.py
const MOST_STEPS = 20_000; // that an address may ask for

/** A number as the page says it. */
export function figure(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
  return String(Number(x.toPrecision(3))).replaceAll("-", "−");
}
const share = (x) => `${Math.round(100 * x)} %`;

/** The settings of an address, and the names of those that should be numbers and are none: they are
 * the usual ones. */
function settingsOf(given) {
  const settings = { ...DEFAULTS };
  const wrong = [];
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    const text = given.get(name);
    if (text === null) continue;
    const found = name === "layers" ? widthsOf(text) : typeof usual === "number" ? Number(text) : text;
    if (typeof found !== "string" && ![found].flat().every(Number.isFinite)) wrong.push(name);
    else settings[name] = found;
  }
  return { settings, wrong };
}

const widthsOf = (text) => (text === "none" ? [] : text.split("-").map(Number));

export class NetworkRoom {
  constructor(engine, save) {
    this.engine = engine;
    this.save = save;
    this.settings = { ...DEFAULTS };
    this.asked = null; // settings on their way to Python; the next change begins with them
    this.playing = false;
    this.speed = USUAL_SPEED;
    this.until = Infinity; // the step at which the training pauses
    this.curve = new Curve();
    this.diagram = new Diagram($("diagram"), {
      choose: (name) => this.choose({ weight: name }, true),
      look: (neuron) => this.look(neuron),
      resize: (layer, change) => this.resize(layer, change),
      placed: () => this.now && this.paint(),
    });
    this.#listen();
    new ResizeObserver(() => this.now && this.paint()).observe($("plane"));
  }

  #listen() {
    $("play").onclick = () => (this.playing ? this.pause() : this.play());
    $("one-step").onclick = () => this.oneStep();
    $("restart").onclick = () => this.begin(() => this.engine.ask({ do: "restart" }));
    $("new-weights").onclick = () => this.change({ seed: this.#latest().seed + 1 });
    for (const name of ["activation", "loss", "optimizer"]) {
      $(name).onchange = () => this.change({ [name]: $(name).value });
    }
    for (const name of ["rate", "noise", "batch"]) {
      $(name).onchange = () => this.change({ [name]: Number($(name).value) });
      $(name).oninput = () => this.#sliders();
    }
    $("fewer-layers").onclick = () => {
      const { layers } = this.#latest();
      if (layers.length > 0) this.change({ layers: layers.slice(0, -1) });
    };
    $("more-layers").onclick = () => {
      const { layers } = this.#latest();
      if (layers.length < MOST_LAYERS) this.change({ layers: [...layers, layers.at(-1) ?? 2] });
    };
    for (const choice of document.getElementsByName("lines")) {
      choice.onchange = () => this.showLines();
    }
    $("speed").onchange = () => {
      this.speed = Number($("speed").value);
      this.note();
    };
    $("weight").onchange = () => this.choose({ weight: $("weight").value || null });
    $("sample").onchange = () => {
      this.choose({ sample: $("sample").value === "" ? null : Number($("sample").value) });
    };
    $("plane").onclick = (event) => this.#clickPlane(event);
    $("plane").onkeydown = (event) => this.#walkSamples(event);
  }

  // -- settings ----------------------------------------------------------------------------------

  /** Show what an address says; `first` is the picture made at build time, of the defaults. */
  async open(given, first) {
    const { settings, wrong } = settingsOf(given);
    this.weight = given.get("weight");
    this.sample = given.has("sample") ? Number(given.get("sample")) : null;
    const speed = Number(given.get("speed") ?? USUAL_SPEED);
    this.speed = SPEEDS.includes(speed) ? speed : USUAL_SPEED;
    if (given.has("lines")) {
      for (const choice of document.getElementsByName("lines")) {
        choice.checked = choice.value === given.get("lines");
      }
    }
    const untouched = JSON.stringify(settings) === JSON.stringify(DEFAULTS);
    if (untouched && first && !this.now) this.#take(first.network[spoken()]);
    const steps = Math.min(MOST_STEPS, Number(given.get("steps")) || 0);
    await this.begin(() => this.#network(settings, steps), steps);
    if (wrong.length && !$("network-error").textContent) $("network-error").textContent = word("linkNumbers", wrong.join(", "));
  }

  /** A network that has made no more steps than these. */
  async #network(settings, steps) {
    const answer = await this.engine.ask({ do: "network", settings });
    return answer.steps > steps ? this.engine.ask({ do: "restart" }) : answer;
  }

  /** Ask for a network and show it; `steps` of training come first. */
  async begin(ask, steps = 0) {
    this.pause(false);
    let answer;
    try {
      answer = await ask();
      if (answer.error) return void (await this.#refused(answer.error));
      if (answer.steps === 0) this.curve.clear();
      this.#take(answer);
      await this.#catchUp(steps);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      return;
    }
    await this.why();
    this.note();
  }

  /** Say why a network cannot be, beside the one there is, or the usual one. */
  async #refused(sentence) {
    if (!this.described) this.#take(await this.engine.ask({ do: "network", settings: DEFAULTS }));
    this.fail(sentence);
  }

  /** Train as fast as possible as far as an address says, unless it is paused before. */
  async #catchUp(steps) {
    if (this.now.steps >= steps) return;
    this.until = steps;
    this.playing = true;
    this.#playButton();
    await this.#train();
    this.until = Infinity;
    this.playing = false;
    this.#playButton();
    this.#take(await this.engine.ask({ do: "now" }));
  }

  /** The settings as the last click left them, whether or not Python has answered yet. */
  #latest() {
    return this.asked ?? this.settings;
  }

  async change(changed) {
    const settings = { ...this.#latest(), ...changed };
    const pace = Object.keys(changed).every((name) => name === "rate" || name === "batch");
    this.asked = settings;
    const ask = async () => {
      try {
        return await this.engine.ask({ do: "network", settings });
      } finally {
        if (this.asked === settings) this.asked = null;
      }
    };
    if (!pace) return this.begin(ask);
    const answer = await ask();
    if (answer.error) this.fail(answer.error);
    else this.#take(answer);
    this.note();
  }

  resize(layer, change) {
    const layers = [...this.#latest().layers];
    layers[layer] += change;
    if (layers[layer] >= 1 && layers[layer] <= MOST_NEURONS) this.change({ layers });
  }

  fail(sentence) {
    this.pause(false);
    $("network-error").textContent = sentence;
    this.#controls();
  }

  // -- training ----------------------------------------------------------------------------------

  play() {
    this.playing = true;
    $("network-error").textContent = "";
    this.#playButton();
    this.#train();
  }

  pause(note = true) {
    if (!this.playing) return;
    this.playing = false;
    this.#playButton();
    if (note) this.#settle();
  }

  /** After the last turn: the pictures and reasons of exactly this moment. */
  async #settle() {
    this.#take(await this.engine.ask({ do: "now" }));
    await this.why();
    this.note();
  }

  async oneStep() {
    this.pause(false);
    $("network-error").textContent = "";
    const answer = await this.engine.ask({ do: "steps", count: 1, seconds: 0, numbers: true });
    if (answer.error) return this.fail(answer.error);
    await this.#settle();
  }

  /** Turn after turn: the steps that are due, and every beat the numbers and new pictures, which
   * are drawn a few rows in each turn so that the steps go on meanwhile. */
  async #train() {
    if (this.turning) return;
    this.turning = true;
    let [last, beat, drawing, cost, due] = [performance.now(), 0, false, 1, 1];
    try {
      while (this.playing) {
        const now = performance.now();
        const most = Math.ceil(TURN / cost);
        due += ((now - last) * this.speed) / 1000;
        const left = this.until - this.now.steps;
        if (left <= 0) break;
        const hurried = this.speed === 0 || this.until < Infinity;
        const count = Math.min(left, most, hurried ? most : Math.floor(due));
        due = Math.min(due - count, most); // what cannot be caught up is let go
        last = now;
        const numbers = !drawing && now - beat > BEAT;
        if (numbers) [drawing, beat] = [true, now];
        const seconds = drawing ? PICTURE_TIME : 0;
        if (count || drawing) {
          const answer = await this.engine.ask({ do: "steps", count, seconds, numbers });
          if (answer.error) {
            this.fail(answer.error);
            break;
          }
          if (count) cost = Math.max(0.05, 0.8 * cost + (0.2 * answer.milliseconds) / count);
          this.now.steps = answer.steps;
          if (numbers) this.#numbers(answer);
          if (answer.pictures) {
            this.#pictures(answer.pictures);
            drawing = false;
          }
        }
        await new Promise(requestAnimationFrame);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      this.playing = false;
      this.#playButton();
    } finally {
      this.turning = false;
    }
  }

  // -- what is shown -----------------------------------------------------------------------------

  /** A whole answer: perhaps another network, numbers and pictures. */
  #take(answer) {
    if (answer.names) {
      this.settings = answer.settings;
      this.described = answer;
      const shape = JSON.stringify([answer.names, spoken()]);
      if (shape !== this.shape) {
        this.pictures = null; // of other neurons: describing the diagram must not paint them
        this.look(null);
        this.diagram.describe(answer);
      }
      this.shape = shape;
      if (!answer.names.includes(this.weight)) this.weight = null;
      if (!(this.sample >= 0 && this.sample < answer.samples.length)) this.sample = null;
      $("network-error").textContent = "";
      this.#controls();
    }
    this.#numbers(answer);
    this.#pictures(answer.pictures);
  }

  #numbers(answer) {
    this.now = { ...this.now, ...answer };
    const { steps, epoch, loss, heldBackLoss, correct } = this.now;
    this.curve.add(steps, loss, heldBackLoss);
    $("progress").textContent = word("progress", steps, epoch.toFixed(1));
    $("training-loss").textContent = figure(loss);
    $("held-back-loss").textContent = figure(heldBackLoss);
    $("right").textContent = word("right", share(correct));
    this.curve.draw($("curve"), colours(), figure);
    const first = this.curve.records[0];
    $("curve").setAttribute("aria-label", word("curve", figure(first.loss), figure(loss)));
    this.showLines();
  }

  showLines() {
    const kind = document.querySelector("[name=lines]:checked").value;
    this.diagram.show(this.now[kind], kind, figure);
  }

  #pictures(texts) {
    this.texts = texts;
    this.pictures = texts.map(pictureOf);
    this.paint();
  }

  paint() {
    if (!this.pictures) return;
    const palette = colours();
    this.diagram.paint(this.pictures, shades(palette));
    this.#plane(palette);
    this.curve.draw($("curve"), palette, figure);
  }

  look(neuron) {
    this.looking = neuron;
    $("output-title").textContent = neuron && !this.#isOutput(neuron) ? neuron.label : word("output");
    this.paint();
  }

  #isOutput({ column }) {
    return column === this.described.widths.length - 1;
  }

  #plane(palette) {
    const { span, cells, samples, heldBack } = this.described;
    const { context, width, height } = sharp($("plane"));
    if (!width) return;
    const looking = this.looking && !this.#isOutput(this.looking);
    const picture = looking ? this.diagram.pictureAt(this.looking) : this.pictures.at(-1);
    paint(context, picture, cells, shades(palette), width, height);
    context.strokeStyle = palette.text;
    context.lineWidth = 1.6;
    boundary(context, picture, cells, width, height);
    const { x, y } = scale(span, width);
    const draw = ([u, v, k], radius, faint) => {
      mark(context, x(u), y(v), k, radius);
      context.globalAlpha = faint ? 0.45 : 1;
      context.fillStyle = k ? palette.value : palette.grad;
      context.fill();
      context.strokeStyle = palette.background;
      context.lineWidth = 1;
      context.stroke();
      context.globalAlpha = 1;
    };
    heldBack.forEach((sample) => draw(sample, 2.6, true));
    samples.forEach((sample) => draw(sample, 4, false));
    if (this.sample !== null) {
      const [u, v, k] = samples[this.sample];
      draw([u, v, k], 6, false);
      context.strokeStyle = palette.text;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x(u), y(v), 11, 0, 2 * Math.PI);
      context.stroke();
    }
    const label = looking ? word("planeOf", this.looking.label) : word("plane", share(this.now.correct));
    const chosen = this.sample === null ? "" : ` ${this.#sampleName(this.sample)}.`;
    $("plane").setAttribute("aria-label", label + chosen);
  }

  #clickPlane(event) {
    const { span, samples } = this.described;
    const { x, y } = scale(span, $("plane").clientWidth);
    const far = samples.map(([u, v]) => Math.hypot(x(u) - event.offsetX, y(v) - event.offsetY));
    const nearest = far.indexOf(Math.min(...far));
    this.choose({ sample: far[nearest] < 24 ? nearest : null }, far[nearest] < 24);
  }

  #walkSamples(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.choose({ sample: null });
    if (!step) return;
    event.preventDefault();
    const count = this.described.samples.length;
    this.choose({ sample: ((this.sample ?? (step > 0 ? -1 : 0)) + step + count) % count });
  }

  // -- why ---------------------------------------------------------------------------------------

  /** Another weight or sample; `reveal` brings the reasons into view. */
  async choose(chosen, reveal = false) {
    Object.assign(this, chosen);
    if ("sample" in chosen) this.paint();
    await this.why();
    this.note();
    const { top } = document.querySelector(".why-panel").getBoundingClientRect();
    if (reveal && top > innerHeight - 160) {
      document.querySelector(".why-panel").scrollIntoView({ behavior: "smooth", block: "nearest" });
    }
  }

  #sampleName(i) {
    const [u, v, k] = this.described.samples[i];
    return `${word("sample", i, k)} ${word("sampleAt", figure(u), figure(v))}`;
  }

  /** The reasons for the chosen gradient, and the graph of the chosen sample. */
  async why() {
    this.diagram.choose(this.weight);
    $("weight").value = this.weight ?? "";
    $("sample").value = this.sample ?? "";
    const wanted = [this.weight, this.sample, this.now.steps].join();
    this.wanted = wanted;
    const { weight: name, sample } = this;
    const language = spoken();
    const current = () => this.wanted === wanted; // nothing else was chosen meanwhile
    const why = name ? await this.engine.ask({ do: "why", name, sample, language }) : null;
    if (current()) this.#showWhy(why);
    const asked = { do: "sample", sample, language };
    const graph = sample === null || !current() ? null : await this.engine.ask(asked);
    if (current()) this.#showGraph(graph);
  }

  #showWhy(why) {
    const box = $("why");
    if (!why || why.error) {
      box.innerHTML = this.sample === null ? `<p class="hint">${word("whyHint")}</p>` : "";
      return;
    }
    const of = why.batch === null ? word("sample", this.sample, this.described.samples[this.sample][2]) : word("ofBatch", why.batch);
    const heading = document.createElement("span");
    heading.append(`${word("gradientOf", why.name, of)}: `);
    heading.append(Object.assign(document.createElement("b"), { className: "is-grad", textContent: figure(why.gradient) }));
    box.replaceChildren(reasons(heading, why));
  }

  #showGraph(graph) {
    this.unmount?.();
    this.unmount = null;
    const box = $("sample-graph");
    box.replaceChildren();
    if (!graph) return;
    if (graph.error) {
      box.append(refusal(graph.error));
      return;
    }
    const title = document.createElement("h3");
    title.textContent = word("graphOf", this.#sampleName(this.sample));
    const place = document.createElement("div");
    box.append(title, place);
    if (graph.html) return place.replaceChildren(frameFor(graph.html, title.textContent));
    this.unmount = mounted(place, graph.state, this.engine, "sample");
  }

  // -- controls ----------------------------------------------------------------------------------

  #playButton() {
    $("play").dataset.w = this.playing ? "pause" : "play";
    $("play").textContent = word($("play").dataset.w);
  }

  #controls() {
    const { settings, described } = this;
    if (!described) return;
    const fill = (id, values, name, chosen) => {
      $(id).replaceChildren(...values.map((value) => new Option(name(value), value)));
      $(id).value = chosen;
    };
    for (const id of ["activation", "loss", "optimizer"]) {
      fill(id, described.choices[id], (value) => word(value) ?? value, settings[id]);
    }
    const rates = [...new Set([...RATES, settings.rate])].sort((a, b) => a - b);
    fill("rate", rates, String, settings.rate);
    fill("speed", SPEEDS, (n) => (n ? word("perSecond", n) : word("fastest")), this.speed);
    $("noise").value = settings.noise;
    $("batch").value = settings.batch;
    this.#sliders();
    $("layers-title").textContent = word("hiddenLayers", settings.layers.length);
    $("fewer-layers").disabled = settings.layers.length === 0;
    $("more-layers").disabled = settings.layers.length >= MOST_LAYERS;
    this.#dataSets();
    this.#choices();
    this.#playButton();
  }

  #sliders() {
    $("noise-value").textContent = Number($("noise").value).toFixed(2);
    $("batch-value").textContent = $("batch").value;
  }

  #dataSets() {
    const chosen = this.settings.data;
    $("data-sets").replaceChildren(
      ...this.described.choices.data.map((name) => {
        const label = document.createElement("label");
        const input = Object.assign(document.createElement("input"), { type: "radio", name: "data", value: name, checked: name === chosen });
        input.onchange = () => this.change({ data: name });
        const text = document.createElement("span");
        text.textContent = word(name);
        label.append(input, text);
        return label;
      }),
    );
  }

  #choices() {
    const { names, samples } = this.described;
    $("weight").replaceChildren(new Option(word("chooseWeight"), ""), ...names.map((name) => new Option(name, name)));
    $("sample").replaceChildren(
      new Option(word("nextBatch"), ""),
      ...samples.map(([, , k], i) => new Option(word("sample", i, k), i)),
    );
    $("weight").value = this.weight ?? "";
    $("sample").value = this.sample ?? "";
  }

  /** Write the state into the address. */
  note() {
    const { settings } = this;
    const said = {};
    for (const [name, usual] of Object.entries(DEFAULTS)) {
      if (name !== "layers" && settings[name] !== usual) said[name] = settings[name];
    }
    const layers = settings.layers.join("-");
    if (layers !== DEFAULTS.layers.join("-")) said.layers = layers || "none";
    if (this.now?.steps) said.steps = this.now.steps;
    if (this.speed !== USUAL_SPEED) said.speed = this.speed;
    const lines = document.querySelector("[name=lines]:checked").value;
    if (lines !== "weights") said.lines = lines;
    this.save({ ...said, weight: this.weight, sample: this.sample });
  }

  /** The same in another language or theme. */
  restate() {
    if (!this.described) return;
    this.#take({ ...this.described, ...this.now, pictures: this.texts });
    this.why();
  }

  leave() {
    this.pause();
  }
}
