// The loss since the first step: of the training samples, and dashed of those held back.

import { sharp } from "./colours.js";

const MOST = 400; // numbers kept; where there are more, every other one goes

export class Curve {
  constructor() {
    this.clear();
  }

  clear() {
    this.records = [];
    this.stride = 1;
  }

  add(steps, loss, heldBackLoss) {
    const last = this.records.at(-1);
    if (last && steps - last.steps < this.stride) return;
    this.records.push({ steps, loss, heldBackLoss });
    if (this.records.length > MOST) {
      this.records = this.records.filter((_, i) => i % 2 === 0);
      this.stride = this.stride * 2;
    }
  }

  draw(canvas, colours, figure) {
    const { context, width, height } = sharp(canvas);
    const [left, right, top, bottom] = [42, width - 6, 8, height - 18];
    const records = this.records.filter(({ loss }) => Number.isFinite(loss));
    const losses = records.flatMap(({ loss, heldBackLoss }) => [loss, heldBackLoss]);
    const most = Math.max(1e-9, ...losses.filter(Number.isFinite));
    const end = Math.max(1, records.at(-1)?.steps ?? 1);
    const x = (steps) => left + ((right - left) * steps) / end;
    const y = (loss) => bottom - ((bottom - top) * loss) / most;
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = colours.muted;
    context.strokeStyle = colours.line;
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(left, top);
    context.lineTo(left, bottom);
    context.lineTo(right, bottom);
    context.stroke();
    context.globalAlpha = 1;
    context.textAlign = "right";
    context.fillText(figure(most), left - 5, top + 8);
    context.fillText("0", left - 5, bottom + 3);
    context.fillText(String(end), right, bottom + 14);
    this.#line(context, colours.grad, [5, 4], records, ({ steps, heldBackLoss }) => [x(steps), y(heldBackLoss)]);
    this.#line(context, colours.value, [], records, ({ steps, loss }) => [x(steps), y(loss)]);
  }

  #line(context, colour, dash, records, place) {
    context.strokeStyle = colour;
    context.lineWidth = 1.8;
    context.setLineDash(dash);
    context.beginPath();
    records.forEach((record) => context.lineTo(...place(record)));
    context.stroke();
    context.setLineDash([]);
  }
}
