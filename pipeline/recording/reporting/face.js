"use strict";

/** Moves a small SVG face by the mouth shapes that were sent to the screen: how far open, how wide. */
class Face {
  static SHAPES = {
    PP: [0, 0.9], FF: [0.1, 0.95], TH: [0.25, 1], DD: [0.25, 1], kk: [0.3, 1], CH: [0.25, 0.7], SS: [0.12, 1.05],
    nn: [0.2, 1], RR: [0.3, 0.75], aa: [1, 1], E: [0.55, 1.1], ih: [0.3, 1.15], oh: [0.75, 0.7], ou: [0.4, 0.5],
  };

  /** `names`: of the shapes, in the order of their numbers; the number after the last closes the eyes. */
  constructor(svg, names) {
    this.names = names;
    this.smile = Number(svg.dataset.smile);
    this.lips = svg.querySelector(".lips");
    this.eyes = svg.querySelectorAll(".eye");
  }

  /** Show the moment `ms` of the visit by these poses; null: at rest. */
  at(ms, poses) {
    let [open, width, lids] = [0, 1, 0];
    for (const [shape, start, attack, release, end, weight] of ms === null ? [] : poses) {
      if (ms < start || ms > end) continue;
      const rise = ms < attack ? (ms - start) / (attack - start) : 1;
      const fall = ms > release ? (end - ms) / (end - release) : 1;
      const now = (weight / 100) * Math.min(rise, fall);
      if (shape >= this.names.length) lids = Math.max(lids, now);
      const [high, wide] = Face.SHAPES[this.names[shape]] ?? [0, 1];
      open += now * high;
      width += now * (wide - 1);
    }
    this.draw(Math.min(1, open), Math.min(1.2, Math.max(0.45, width)));
    for (const eye of this.eyes) eye.style.transform = `scaleY(${1 - 0.9 * lids})`;
  }

  draw(open, width) {
    const half = 18 * width;
    const corner = 70 - 4 * this.smile;
    const middle = 70 + 8 * this.smile;
    const upper = middle - 6 * open;
    const lower = middle + 30 * open;
    const [left, right] = [50 - half, 50 + half];
    this.lips.setAttribute("d", `M${left} ${corner}Q50 ${upper} ${right} ${corner}Q50 ${lower} ${left} ${corner}Z`);
  }
}

