/**
 * @typedef {object} MotionFacts what `art/*.json` of a pack says; a curve is x y x y … in the art's units
 * @property {Object<string, number[]>} curves at rest
 * @property {Object<string, Object<string, number[]>>} keys deltas at weight 1, by ARKit name and curve
 * @property {{of: string[], curves: Object<string, number[]>}[]} fixes deltas at the product of several weights
 * @property {[string, string, number, 'upper' | 'lower' | 'both'][]} order the second curve lies at least so far below the
 *   first, except at the ends; which of them gives way
 * @property {string[]} sharp curves whose points are joined by straight lines
 * @property {Object<string, {curves: string[], open?: boolean, tufts?: boolean}>} paths by element id; `-name` is read
 *   backwards; of tufts, every three points are a hair of its own
 * @property {Object<string, Object<string, number>>} fades opacity by element id: `rest` and per ARKit name
 * @property {Object<string, Object<string, Object<string, number>>>} moves by element id: x, y, high, wide, turn
 */

/** Half the width of a hair's root, in the art's units. */
const HAIR = 0.75;

/** Moves the shapes of one inline SVG by ARKit weights. Writes only what changed. */
export class Motion {
  /**
   * @param {SVGSVGElement} svg
   * @param {MotionFacts} facts
   * @param {string} prefix of the ids in this copy of the picture
   */
  constructor(svg, facts, prefix = '') {
    this.facts = facts;
    this.names = namesOf(facts);
    this.last = this.names.map(() => NaN);
    this.curves = mapped(facts.curves, (points) => Float64Array.from(points));
    this.sharp = new Set(facts.sharp ?? []);
    this.written = new Map();
    const find = (id) => svg.querySelector(`#${CSS.escape(prefix + id)}`);
    this.paths = Object.entries(facts.paths ?? {}).map(([id, path]) => [find(id), path]);
    this.fades = Object.entries(facts.fades ?? {}).map(([id, fade]) => [find(id), fade]);
    this.moves = Object.entries(facts.moves ?? {}).map(([id, move]) => [find(id), move, pivotOf(find(id))]);
  }

  /** @param {Object<string, number>} weights ARKit, 0..1 */
  update(weights) {
    if (!this.#changed(weights)) return;
    this.#bend(weights);
    for (const [element, path] of this.paths) this.#write(element, 'd', this.#outline(path));
    for (const [element, fade] of this.fades) {
      this.#write(element, 'opacity', Math.max(0, Math.min(1, linear(fade, weights))).toFixed(2));
    }
    for (const [element, move, pivot] of this.moves) this.#write(element, 'transform', transform(move, weights, pivot));
  }

  /** Steps under 1/250 are not seen. */
  #changed(weights) {
    let changed = false;
    this.names.forEach((name, index) => {
      const now = weights[name] ?? 0;
      if (!(Math.abs(now - this.last[index]) < 0.004) || (now === 0) !== (this.last[index] === 0)) {
        this.last[index] = now;
        changed = true;
      }
    });
    return changed;
  }

  #bend(weights) {
    for (const [name, points] of Object.entries(this.facts.curves)) this.curves[name].set(points);
    for (const [key, deltas] of Object.entries(this.facts.keys)) this.#push(deltas, weights[key] ?? 0);
    for (const { of, curves } of this.facts.fixes ?? []) {
      this.#push(curves, of.reduce((product, name) => product * (weights[name] ?? 0), 1));
    }
    for (const [upper, lower, gap, yields] of this.facts.order ?? []) {
      separate(this.curves[upper], this.curves[lower], gap, yields);
    }
  }

  #push(deltas, amount) {
    if (amount === 0) return;
    for (const [name, shift] of Object.entries(deltas)) {
      const points = this.curves[name];
      for (let index = 0; index < points.length; index += 1) points[index] += amount * shift[index];
    }
  }

  #outline({ curves, open, tufts: strokes }) {
    if (strokes) return curves.map((name) => tufts(this.curves[name])).join('');
    let text = '';
    for (const name of curves) {
      const backwards = name.startsWith('-');
      const key = backwards ? name.slice(1) : name;
      const points = backwards ? reversed(this.curves[key]) : this.curves[key];
      text += (text ? 'L' : 'M') + run(points, this.sharp.has(key));
    }
    return open ? text : `${text}Z`;
  }

  #write(element, attribute, value) {
    const key = this.written.get(element) ?? {};
    if (key[attribute] === value) return;
    key[attribute] = value;
    this.written.set(element, key);
    element.setAttribute(attribute, value);
  }
}

/** Two curves that would cross meet where neither has to give way more than `yields` says; the gap closes at the ends. */
function separate(upper, lower, gap, yields) {
  const last = upper.length / 2 - 1;
  for (let index = 1; index < upper.length; index += 2) {
    const ends = (2 * ((index - 1) / 2 / last) - 1) ** 4;
    const lack = upper[index] + gap * (1 - ends) - lower[index];
    if (lack <= 0) continue;
    const share = { upper: 1, lower: 0, both: 0.5 }[yields];
    upper[index] -= lack * share;
    lower[index] += lack * (1 - share);
  }
}

/** Through all points: Catmull and Rom's spline as cubic Béziers. */
function run(points, straight) {
  const last = points.length / 2 - 1;
  const at = (index, axis) => points[2 * Math.max(0, Math.min(last, index)) + axis];
  let text = `${short(points[0])} ${short(points[1])}`;
  for (let index = 0; index < last; index += 1) {
    if (straight) {
      text += `L${short(at(index + 1, 0))} ${short(at(index + 1, 1))}`;
      continue;
    }
    const [x1, y1] = [at(index, 0), at(index, 1)];
    const [x2, y2] = [at(index + 1, 0), at(index + 1, 1)];
    text += `C${short(x1 + (x2 - at(index - 1, 0)) / 6)} ${short(y1 + (y2 - at(index - 1, 1)) / 6)} `
      + `${short(x2 - (at(index + 2, 0) - x1) / 6)} ${short(y2 - (at(index + 2, 1) - y1) / 6)} ${short(x2)} ${short(y2)}`;
  }
  return text;
}

/** Lashes and brow hairs, thin at their tips: root, bend and tip of each. */
function tufts(points) {
  let text = '';
  for (let index = 0; index + 5 < points.length; index += 6) {
    const [x, y, bendX, bendY, tipX, tipY] = points.subarray(index, index + 6);
    text += `M${short(x - HAIR)} ${short(y)}Q${short(bendX - HAIR / 2)} ${short(bendY)} ${short(tipX)} ${short(tipY)}`
      + `Q${short(bendX + HAIR / 2)} ${short(bendY)} ${short(x + HAIR)} ${short(y)}Z`;
  }
  return text;
}

/** Hundredths of a unit are finer than a pixel at 4K. */
function short(value) {
  return Math.round(value * 100) / 100;
}

function reversed(points) {
  const turned = new Float64Array(points.length);
  for (let index = 0; index < points.length; index += 2) {
    turned[index] = points[points.length - 2 - index];
    turned[index + 1] = points[points.length - 1 - index];
  }
  return turned;
}

function linear(terms, weights) {
  let sum = terms.rest ?? 0;
  for (const [name, amount] of Object.entries(terms)) if (name !== 'rest') sum += amount * (weights[name] ?? 0);
  return sum;
}

function transform(move, weights, [px, py]) {
  const value = (axis) => (move[axis] ? linear(move[axis], weights) : 0);
  let text = `translate(${short(value('x'))} ${short(value('y'))})`;
  if (move.turn) text += `rotate(${short(value('turn'))} ${px} ${py})`;
  if (move.wide || move.high) {
    text += `translate(${px} ${py})scale(${short(1 + value('wide'))} ${short(1 + value('high'))})translate(${-px} ${-py})`;
  }
  return text;
}

/** An element that turns or grows says about which point: `data-pivot="x y"`. */
function pivotOf(element) {
  return (element.dataset.pivot ?? '0 0').split(' ').map(Number);
}

function namesOf(facts) {
  const names = new Set(Object.keys(facts.keys));
  for (const fade of Object.values(facts.fades ?? {})) Object.keys(fade).forEach((name) => names.add(name));
  for (const move of Object.values(facts.moves ?? {})) {
    for (const terms of Object.values(move)) Object.keys(terms).forEach((name) => names.add(name));
  }
  names.delete('rest');
  return [...names];
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
