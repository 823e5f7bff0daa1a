// The expression room: a formula, its picture that follows every number, and its explanations.

import { leaveBehind } from "./address.js";
import { mount } from "./explorer.js";
import { frameFor } from "./frames.js";
import { FORMULA, INPUTS } from "./opening.js";
import { reasons } from "./reasons.js";
import { spoken, word } from "./words.js";

const $ = (id) => document.getElementById(id);
const NARROW = 520; // pixels, as in explorer.js
const VIEWS = ["explore", "player", "explained"];
const EXAMPLES = [
  ["e = (a+b)*(b+1)", { a: 2, b: 1 }],
  ["y = tanh(w1*x1 + w2*x2 + b)", { w1: -3, x1: 2, w2: 1, x2: 0, b: 6.88 }],
  ["loss = (sigmoid(w*x + b) - t)**2", { w: 0.6, x: 1, b: 0.9, t: 0 }],
  ["y = relu(w*x + b)", { w: -1.5, x: 2, b: 1 }],
  ["f = (1 - x)**2 + 100*(y - x**2)**2", { x: -1, y: 2 }],
  ["d = hypot(x, y) + sin(x*y)", { x: 3, y: 4 }],
  ["loss = logsumexp([a, b, c]) - a", { a: 1, b: 2, c: 0.5 }],
];

/** Show what is explored in an element; gives a function that ends it. `moved` gets the replies. */
export function mounted(element, state, engine, key, moved = () => {}) {
  const receive = async (message) => {
    const reply = await engine.ask({ do: "explore", key, message });
    moved(reply);
    return reply;
  };
  return mount(element, { state, receive, language: spoken() });
}

export class ExpressionRoom {
  constructor(engine, save) {
    this.engine = engine;
    this.save = save;
    this.view = "explore";
    document.querySelector(".formula").onsubmit = (event) => {
      event.preventDefault();
      this.show($("formula").value, this.numbers ?? {}, false, true);
    };
    $("formula-example").onchange = () => {
      const [formula, inputs] = EXAMPLES[$("formula-example").value] ?? [];
      if (formula) this.show(formula, inputs, false, true);
    };
    $("exercise").onclick = () => this.exercise(Number($("level").value));
    for (const view of VIEWS) {
      $(`tab-${view}`).onclick = () => this.look(view);
      $(`tab-${view}`).onkeydown = (event) => this.#walk(event, view);
    }
  }

  /** What an address says; `first` is the picture made at build time, of the opening formula. */
  async open(given, first) {
    const formula = given.get("e") ?? FORMULA;
    const said = numbersOf(given.get("at"));
    const wrong = Object.keys(said).filter((name) => !Number.isFinite(said[name]));
    wrong.forEach((name) => delete said[name]);
    const inputs = formula === FORMULA ? { ...INPUTS, ...said } : said;
    const quiz = given.get("quiz") === "1";
    this.view = VIEWS.includes(given.get("view")) && !quiz ? given.get("view") : "explore";
    const opening = formula === FORMULA && written(inputs) === written(INPUTS) && !quiz;
    if (opening && !this.state) {
      this.#take(formula, first.expression[spoken()].state);
      this.#ask(formula, inputs);
    } else await this.show(formula, inputs, quiz);
    if (wrong.length && !$("formula-error").textContent) $("formula-error").textContent = word("linkNumbers", wrong.join(", "));
    if (this.view !== "explore") await this.look(this.view);
    this.#tabs();
  }

  #ask(formula, inputs, quiz = false) {
    return this.engine.ask({ do: "expression", formula, inputs, language: spoken(), quiz });
  }

  /** Something to be found out in the head. */
  async exercise(level) {
    const { formula, inputs } = await this.engine.ask({ do: "exercise", level });
    this.view = "explore";
    await this.show(formula, inputs, true, true);
  }

  /** Another formula; numbers of names that it has are kept. Where `chosen` by hand, the Back button
   * leads to what was there before. */
  async show(formula, inputs, quiz = false, chosen = false) {
    const known = Object.entries(inputs).filter(([name]) => new RegExp(`(?<![\\w.])${name}(?!\\w)`).test(formula));
    $("formula").value = formula;
    const answer = await this.#ask(formula, Object.fromEntries(known), quiz);
    $("formula-error").textContent = answer.error ?? "";
    $("formula").toggleAttribute("aria-invalid", Boolean(answer.error));
    if (answer.error) return;
    if (chosen) leaveBehind();
    this.#take(formula, answer.state);
    if (this.view !== "explore") await this.look(this.view);
    this.note();
  }

  #take(formula, state) {
    this.formula = formula;
    this.state = state;
    $("formula").value = formula;
    this.#examples();
    this.#moved(state);
    this.unmount?.();
    this.unmount = mounted($("explorer"), state, this.engine, "expression", (reply) => {
      this.#moved(reply);
      this.note();
    });
  }

  #moved({ controls, quiz }) {
    if (quiz !== undefined) this.quiz = Boolean(quiz);
    this.#tabs();
    if (controls) this.numbers = Object.fromEntries(controls.map(({ name, value }) => [name, value]));
  }

  #examples() {
    $("formula-example").replaceChildren(
      new Option(word("chooseExample"), ""),
      ...EXAMPLES.map(([formula], i) => new Option(formula, i)),
    );
    const known = EXAMPLES.findIndex(([formula]) => formula === this.formula);
    $("formula-example").value = known < 0 ? "" : known;
  }

  // -- views -------------------------------------------------------------------------------------

  async look(view) {
    this.view = view;
    this.#tabs();
    this.note();
    if (view === "player") {
      const narrow = $("room-expression").clientWidth < NARROW;
      const { html, error } = await this.engine.ask({ do: "player", language: spoken(), narrow });
      $("view-player").replaceChildren(error ? refusal(error) : frameFor(html, word("player")));
    } else if (view === "explained") {
      const asked = { do: "explained", language: spoken() };
      const { reasons: found, error } = await this.engine.ask(asked);
      $("view-explained").replaceChildren(
        ...(error ? [refusal(error)] : found.map((one) => reasons(word("reasonFor", one.name), one))),
      );
    }
  }

  #tabs() {
    for (const view of VIEWS) {
      const chosen = view === this.view;
      $(`tab-${view}`).setAttribute("aria-selected", chosen);
      $(`tab-${view}`).tabIndex = chosen ? 0 : -1;
      $(`tab-${view}`).disabled = Boolean(this.quiz) && !chosen; // they would tell the answers
      $(`view-${view}`).hidden = !chosen;
    }
  }

  #walk(event, view) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || this.quiz) return;
    const next = VIEWS[(VIEWS.indexOf(view) + step + VIEWS.length) % VIEWS.length];
    this.look(next);
    $(`tab-${next}`).focus();
  }

  // -- the address -------------------------------------------------------------------------------

  note() {
    const at = written(this.numbers ?? {});
    const view = this.view === "explore" ? undefined : this.view;
    const quiz = this.quiz ? 1 : undefined;
    if (this.formula === FORMULA && at === written(INPUTS)) this.save({ view, quiz });
    else this.save({ e: this.formula, at, view, quiz });
  }

  /** The same in another language or theme. */
  async restate() {
    if (!this.state) return;
    this.#examples();
    for (const frame of document.querySelectorAll("#view-player iframe")) frame.retheme();
    if (this.state.language === spoken()) return;
    await this.show(this.formula, this.numbers, this.quiz);
  }

  leave() {}
}

/** Why there is nothing to see, as a paragraph. */
export function refusal(sentence) {
  return Object.assign(document.createElement("p"), { className: "error", textContent: sentence });
}

// Numbers by their names in an address: `a:2,b:1`.

function written(numbers) {
  return Object.entries(numbers).map(([name, x]) => `${name}:${x}`).join(",");
}

function numbersOf(text) {
  const pairs = (text ?? "").split(",").filter(Boolean).map((pair) => pair.split(":"));
  return Object.fromEntries(pairs.map(([name, x]) => [name, Number(x)]));
}
