// The code room: an editor, programs from the notebooks, and what they show.

import { coloured } from "./highlight.js";
import { Stopped } from "./engine.js";
import { spoken, word } from "./words.js";
import { frameFor } from "./frames.js";

const $ = (id) => document.getElementById(id);

export const FIRST = {
  en: `# %% Values remember where they come from
from autograd import Value, draw, steps

a, b = Value(2.0, "a"), Value(1.0, "b")
e = (a + b) * (b + 1)
e.label = "e"
e.backward()
print(f"e = {e.data:g}, the gradient of b is {b.grad:g}")
draw(e)

# %% The same, step by step
steps(e)
`,
  zh: `# %% 每个 Value 都记得自己从何而来
from autograd import Value, draw, steps

a, b = Value(2.0, "a"), Value(1.0, "b")
e = (a + b) * (b + 1)
e.label = "e"
e.backward()
print(f"e = {e.data:g}，b 的梯度是 {b.grad:g}")
draw(e, lang="zh")

# %% 逐步看同一个计算
steps(e, lang="zh")
`,
};

export class CodeRoom {
  /** `engine` gives the worker of this room, when it is first needed. */
  constructor(engine, save) {
    this.engine = engine;
    this.save = save;
    this.examples = [];
    $("editor").oninput = () => this.edited();
    $("editor").onkeydown = (event) => this.#key(event);
    $("editor").onscroll = () => this.#scroll();
    $("run").onclick = () => this.run();
    $("stop").onclick = () => this.engine().stop();
    $("copy-link").onclick = () => this.copyLink();
    $("code-example").onchange = () => this.choose($("code-example").value);
  }

  async open(given) {
    this.engine();
    this.examples = await (await fetch(new URL("examples.json", import.meta.url))).json();
    this.#options();
    const packed = given.get("z");
    const named = this.examples.find(({ name }) => name === given.get("example"));
    this.example = named?.name ?? null;
    const sent = packed && (await unpacked(packed));
    this.set(sent || (named ? named.code : (!packed && this.code) || FIRST[spoken()]));
    if (packed) $("code-status").textContent = sent === null ? word("linkProgram") : "";
  }

  /** The text of the editor. */
  set(code) {
    $("editor").value = code;
    this.edited();
  }

  edited() {
    this.code = $("editor").value;
    const known = this.examples.find(({ name }) => name === this.example);
    if (this.code !== known?.code) this.example = null;
    $("code-example").value = this.example ?? "";
    $("coloured").innerHTML = coloured(this.code);
    const lines = this.code.split("\n").length;
    $("gutter").textContent = Array.from({ length: lines }, (_, i) => i + 1).join("\n");
    this.#scroll();
    clearTimeout(this.noting);
    this.noting = setTimeout(() => this.note(), 300);
  }

  #scroll() {
    const { scrollLeft, scrollTop } = $("editor");
    $("coloured").style.transform = `translate(${-scrollLeft}px, ${-scrollTop}px)`;
    $("gutter").style.transform = `translateY(${-scrollTop}px)`;
  }

  #key(event) {
    if (event.key === "Escape") this.leaving = true;
    else if (event.key === "Tab" && !this.leaving && !event.shiftKey) {
      event.preventDefault();
      document.execCommand("insertText", false, "    ");
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.run();
    } else if (event.key === "Enter") {
      event.preventDefault();
      document.execCommand("insertText", false, `\n${this.#indentation()}`);
    }
    if (!["Escape", "Shift"].includes(event.key)) this.leaving = false;
  }

  /** That of the line of the cursor; deeper after a colon. */
  #indentation() {
    const before = $("editor").value.slice(0, $("editor").selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    return line.match(/^ */)[0] + (/:\s*(#.*)?$/.test(line) ? "    " : "");
  }

  #options() {
    const mine = this.examples.filter(({ language }) => language === spoken());
    const others = this.examples.filter(({ language }) => language !== spoken());
    $("code-example").replaceChildren(
      new Option(word("chooseExample"), ""),
      ...[...mine, ...others].map(({ name, title }) => new Option(title, name)),
    );
    $("code-example").value = this.example ?? "";
  }

  choose(name) {
    const found = this.examples.find((example) => example.name === name);
    this.example = found?.name ?? null;
    if (found) this.set(found.code);
  }

  // -- running -----------------------------------------------------------------------------------

  async run() {
    if (this.running) return;
    this.#run(true);
    const outputs = $("outputs");
    outputs.replaceChildren();
    const began = performance.now();
    let failed;
    try {
      await this.engine().run(this.code, (shown) => {
        if (shown.error !== undefined) failed = shown;
        this.#show(shown);
      });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      if (!outputs.childElementCount) this.#paragraph("hint", word("nothing"));
      $("code-status").textContent = failed ? word("failedAt", failed.line) : word("ran", seconds);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      if (error.message) this.#paragraph("text error", error.message, "pre");
      $("code-status").textContent = word(error.message ? "brokeDown" : "stopped");
    } finally {
      this.#run(false);
    }
  }

  #run(running) {
    this.running = running;
    $("run").disabled = running;
    $("stop").disabled = !running;
    if (running) $("code-status").textContent = word("running");
    else $("editor").focus({ preventScroll: true });
  }

  #show(shown) {
    if (shown.heading !== undefined) this.#paragraph("cell", shown.heading, "h3");
    else if (shown.html !== undefined) $("outputs").append(frameFor(shown.html, word("figure")));
    else if (shown.error !== undefined) this.#showError(shown);
    else this.#showText(shown);
  }

  #showText({ text, stream }) {
    const last = $("outputs").lastElementChild;
    if (last?.dataset.stream === stream) last.append(text);
    else this.#paragraph(`text ${stream}`, text, "pre").dataset.stream = stream;
  }

  #showError({ error, details, line }) {
    this.#paragraph("text error", error, "pre");
    if (details && details.length > error.length) {
      const fold = document.createElement("details");
      const summary = document.createElement("summary");
      const inside = document.createElement("pre");
      [summary.textContent, inside.textContent] = [word("details"), details];
      inside.className = "text";
      fold.append(summary, inside);
      $("outputs").append(fold);
    }
    if (line) this.#select(line);
  }

  /** Select a line of the program, and bring it into view. */
  #select(line) {
    const editor = $("editor");
    const lines = this.code.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    editor.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
    editor.scrollTop = Math.max(0, (line - 5) * parseFloat(getComputedStyle(editor).lineHeight));
  }

  #paragraph(kind, text, tag = "p") {
    const made = document.createElement(tag);
    made.className = kind;
    made.textContent = text;
    $("outputs").append(made);
    return made;
  }

  // -- the address -------------------------------------------------------------------------------

  async note() {
    const said = this.example
      ? { example: this.example }
      : Object.values(FIRST).includes(this.code)
        ? {}
        : { z: await packed(this.code) };
    return this.save(said);
  }

  async copyLink() {
    const link = await this.note();
    try {
      await navigator.clipboard.writeText(link);
      $("code-status").textContent = word("copied");
    } catch {
      $("code-status").textContent = word("linkIs", link);
    }
  }

  restate() {
    this.#options();
    if (Object.values(FIRST).includes(this.code)) this.set(FIRST[spoken()]);
    for (const frame of $("outputs").querySelectorAll("iframe")) frame.retheme();
  }

  leave() {}
}

// A program in an address: deflated, in base64 with letters that an address may have.

async function through(bytes, stream) {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

export async function packed(text) {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  const letters = btoa(String.fromCharCode(...bytes));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The program, or null where the letters hold none. */
export async function unpacked(letters) {
  try {
    const text = atob(letters.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const found = await through(bytes, new DecompressionStream("deflate-raw"));
    return new TextDecoder().decode(found);
  } catch {
    return null;
  }
}
