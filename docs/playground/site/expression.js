// The expression room: a formula, its picture that follows every number, and its explanations.

import { mount } from "./explorer.js";
import { spoken } from "./words.js";

/** Show what is explored in an element; gives a function that ends it. */
export function mounted(element, state, engine, key) {
  const receive = (message) => engine.ask({ do: "explore", key, message });
  return mount(element, { state, receive, language: spoken() });
}

export class ExpressionRoom {
  constructor(engine, save) {
    this.engine = engine;
    this.save = save;
  }
  async open(given, first) { mounted(document.getElementById("explorer"), first.expression[spoken()].state, this.engine, "main"); }
  restate() {}
  leave() {}
}
