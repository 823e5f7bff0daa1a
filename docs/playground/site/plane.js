// Pictures of the plane: what a neuron answers everywhere, the boundary, and the samples.

/** A picture of the engine: shades from -1 for class 0 to 1 for class 1, from base64. */
export const pictureOf = (text) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
};

/** Draw a picture into a rectangle of a canvas. */
export function paint(context, picture, cells, shades, width, height) {
  const image = new ImageData(cells, cells);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = shades[Math.round(127.5 + 127.5 * picture[i]) || 0];
  }
  const small = new OffscreenCanvas(cells, cells);
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, width, height);
}

/** The line where the picture passes the middle: marching squares, by linear interpolation. */
export function boundary(context, picture, cells, width, height) {
  const at = (i, j) => picture[j * cells + i];
  const place = (i, j) => [((i + 0.5) / cells) * width, ((j + 0.5) / cells) * height];
  const between = (a, b, from, to) => {
    const share = a / (a - b);
    return from.map((x, k) => x + (to[k] - x) * share);
  };
  context.beginPath();
  for (let j = 0; j + 1 < cells; j++) {
    for (let i = 0; i + 1 < cells; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const crossings = [];
      corners.forEach(([p, q], k) => {
        const [r, s] = corners[(k + 1) % 4];
        const [a, b] = [at(p, q), at(r, s)];
        if (a > 0 !== b > 0) crossings.push(between(a, b, place(p, q), place(r, s)));
      });
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        context.moveTo(...crossings[k]);
        context.lineTo(...crossings[k + 1]);
      }
    }
  }
  context.stroke();
}

/** Where a point of the plane lies on a canvas. */
export const scale = (span, size) => ({
  x: (u) => ((u + span) / (2 * span)) * size,
  y: (v) => ((span - v) / (2 * span)) * size,
});

/** A sample: a circle of class 0, a triangle of class 1, so that colour is not all. */
export function mark(context, x, y, k, radius) {
  context.beginPath();
  if (k === 0) context.arc(x, y, radius, 0, 2 * Math.PI);
  else {
    const r = radius * 1.25;
    context.moveTo(x, y - r);
    context.lineTo(x + r * 0.95, y + r * 0.75);
    context.lineTo(x - r * 0.95, y + r * 0.75);
    context.closePath();
  }
}
