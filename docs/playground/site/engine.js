// The page's side of the worker in which Python runs.

import { spoken } from "./words.js";

/** Thrown where Python was stopped in the middle of what it was asked, or broke down: then the
 * message says how. */
export class Stopped extends Error {}

const LONG = 400; // milliseconds

/** A worker under the page's own content security policy. A worker from an address has the policy
 * that the server sends with it, here none; one from a blob inherits the page's. So a program, which
 * may have come with a link, can ask no other host for anything. */
function confined(module) {
  const code = new Blob([`import ${JSON.stringify(module.href)};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(code), { type: "module" });
}

export class Engine {
  #worker;
  #waiting = new Map();
  #last = 0;
  #listeners = [];
  onBreak = () => {}; // called where Python broke down and was started anew
  onWork = () => {}; // called with true where an answer takes long, and with false at its end

  constructor() {
    this.#start();
  }

  #start() {
    this.#worker = confined(new URL("worker.js", import.meta.url));
    this.ready = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => {
        if (data.ready) resolve(data.ready);
        else if (data.failed) reject(new Error(data.failed));
        else this.#receive(data);
      };
      this.#worker.onerror = (event) => reject(new Error(event.message ?? "the worker failed"));
    });
    this.ready.catch(() => {});
    this.#listeners.forEach((listen) => listen(this.ready));
  }

  /** Call with the promise of Python, now and whenever it is started anew. */
  onStart(listen) {
    this.#listeners.push(listen);
    listen(this.ready);
  }

  #receive({ id, answer, shown, broken }) {
    if (broken !== undefined) {
      this.stop(broken);
      this.onBreak();
      return;
    }
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (shown !== undefined) {
      waiting.show(JSON.parse(shown));
      return;
    }
    this.#waiting.delete(id);
    waiting.resolve(answer === undefined ? undefined : JSON.parse(answer));
  }

  #post(message, show) {
    const id = ++this.#last;
    const long = setTimeout(() => this.onWork(true), LONG);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, show });
      this.#worker.postMessage({ id, ...message });
    }).finally(() => {
      clearTimeout(long);
      if (this.#waiting.size === 0) this.onWork(false);
    });
  }

  /** The answer of the rooms (rooms.py) to a request; an error of theirs is in `error`, in the
   * language of the page. */
  ask(request) {
    return this.#post({ request: JSON.stringify({ ...request, speak: spoken() }) });
  }

  /** Run a program; `show` gets each thing that it shows. */
  run(code, show) {
    return this.#post({ code }, show);
  }

  /** End whatever runs, an endless loop too, and start Python anew. */
  stop(reason = "") {
    this.#worker.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#start();
    waiting.forEach(({ reject }) => reject(new Stopped(reason)));
  }
}
