// The page: three rooms, the languages, the theme, and Python behind them.

import { read, show, write } from "./address.js";
import { CodeRoom } from "./code.js";
import { Engine, Stopped } from "./engine.js";
import { ExpressionRoom } from "./expression.js";
import { NetworkRoom } from "./network.js";
import { speak, speaks, spoken, word } from "./words.js";

const NAMES = ["expression", "network", "code"];
const $ = (id) => document.getElementById(id);
const first = fetch(new URL("first.json", import.meta.url)).then((response) => response.json());

const engine = new Engine();
let coder; // the worker of programs, which may be stopped without harm to the other rooms
let chosenLanguage; // in the address only once someone chose it
const saver = (room) => (said) => write(room, said, chosenLanguage);
const rooms = {
  expression: new ExpressionRoom(engine, saver("expression")),
  network: new NetworkRoom(engine, saver("network")),
  code: new CodeRoom(() => (coder ??= told(new Engine())), saver("code")),
};
let present;

/** Say when an engine starts, when it does not, and when an answer takes long. */
function told(started) {
  started.onWork = (working) => {
    if ($("status").dataset.state === "ready") $("status").textContent = working ? word("working") : "";
  };
  started.onStart(async (ready) => {
    $("status").dataset.state = "starting";
    $("status").textContent = word("starting");
    try {
      await ready;
      $("status").dataset.state = "ready";
      $("status").textContent = "";
    } catch (error) {
      $("status").dataset.state = "failed";
      $("status").textContent = `${word("failed")}: ${error.message}`;
    }
  });
  return started;
}

async function go() {
  const { room, given } = read(NAMES);
  const wanted = given.get("lang");
  if (speaks(wanted)) {
    chosenLanguage = wanted;
    if (wanted !== spoken()) inLanguage(wanted);
  }
  if (present !== room) rooms[present]?.leave();
  present = room;
  show(room);
  for (const name of NAMES) {
    $(`room-${name}`).hidden = name !== room;
    const link = document.querySelector(`nav [data-room=${name}]`);
    if (name === room) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    await rooms[room].open(given, await first);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}

function inLanguage(language) {
  speak(language);
  $("language").textContent = language === "zh" ? "English" : "中文";
  $("language").lang = language === "zh" ? "en" : "zh";
  restate();
}

// -- light and dark ------------------------------------------------------------------------------

const preference = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (document.documentElement.dataset.theme ?? (preference.matches ? "dark" : "light")) === "dark";

/** The same page in another language or theme. */
function restate() {
  $("theme").dataset.w = dark() ? "light" : "dark";
  $("theme").textContent = word($("theme").dataset.w);
  Object.values(rooms).forEach((room) => room.restate());
}

$("theme").onclick = () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  restate();
};
preference.onchange = restate;

$("language").onclick = () => {
  chosenLanguage = spoken() === "zh" ? "en" : "zh";
  inLanguage(chosenLanguage);
  rooms[present].note();
};

engine.onBreak = go; // what it knew is gone; the address tells it again
addEventListener("hashchange", go);
inLanguage(navigator.language.startsWith("zh") ? "zh" : "en");
told(engine);
go();
