// The colours of the page's theme, for canvases; the stylesheet has them from the engine's palette.

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mixed = (a, b, share) => a.map((x, i) => Math.round(x + (b[i] - x) * share));

/** The engine's palette as the page has it now. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["background", "text", "muted", "line", "value", "grad"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** 256 colours, as pixels: class 0 orange, in the middle the background, class 1 blue. */
export function shades({ background, value, grad }, strength = 0.6) {
  const middle = rgb(background);
  const [orange, blue] = [grad, value].map((end) => mixed(middle, rgb(end), strength));
  const bytes = Array.from({ length: 256 }, (_, i) => {
    const share = (i - 127.5) / 127.5;
    return [...(share < 0 ? mixed(middle, orange, -share) : mixed(middle, blue, share)), 255];
  });
  return new Uint32Array(new Uint8Array(bytes.flat()).buffer);
}

/** Make a canvas sharp, and give its context with one unit to a CSS pixel. */
export function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return { context, width, height };
}
