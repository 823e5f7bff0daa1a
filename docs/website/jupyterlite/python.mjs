// What JupyterLite's kernel loads as Pyodide: the playground's, with Graphviz beside it (where the
// engine looks for it) and with the packages of this site. Nothing comes from another host.
import { loadPyodide as load } from "../../playground/pyodide/pyodide.mjs";
import { instance } from "../../playground/viz.js";

const at = (name) => new URL(name, import.meta.url).href;

export async function loadPyodide(options) {
  const [viz, lock] = await Promise.all([
    instance(),
    fetch(at("pyodide-lock.json")).then((response) => response.json()),
  ]);
  globalThis.chainruleGraphviz = (dot, format) => viz.renderString(dot, { format });
  return load({
    ...options,
    indexURL: at("../../playground/pyodide/"),
    lockFileContents: lock,
    packageBaseUrl: at("./"),
    packages: Object.keys(lock.packages),
  });
}
