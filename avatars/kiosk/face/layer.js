import { Motion } from './motion.js';

/** @typedef {import('./matrix.js').Matrix} Matrix */

/** One sheet of the picture: an element of its own, which the compositor moves. */
export class Layer {
  /**
   * @param {object} facts of `avatar.json`
   * @param {HTMLElement | SVGSVGElement} element
   * @param {Motion | null} motion
   */
  constructor(facts, element, motion) {
    this.facts = facts;
    this.element = element;
    this.motion = motion;
    this.written = '';
    this.shown = true;
    Object.assign(element.style, { position: 'absolute', left: '0', top: '0', transformOrigin: '0 0', maxWidth: 'none' });
  }

  /**
   * @param {import('./pack.js').Pack} pack
   * @param {object} facts
   */
  static of(pack, facts) {
    if (!facts.motion) return new Layer(facts, pack.picture(facts.art), null);
    const { svg, motion, prefix } = pack.moved(facts.id);
    return new Layer(facts, svg, new Motion(svg, motion, prefix));
  }

  /** @param {number} scale pixels per unit of the art */
  size(scale) {
    const [, , wide, high] = this.facts.box;
    this.element.style.width = `${wide * scale}px`;
    this.element.style.height = `${high * scale}px`;
    this.written = '';
  }

  /**
   * @param {Matrix} matrix in the art's units
   * @param {number} scale
   * @param {[number, number]} origin the art's point at the corner of the screen
   */
  place([a, b, c, d, e, f], scale, [left, top]) {
    const [x, y] = this.facts.box;
    const right = (a * x + c * y + e - left) * scale;
    const down = (b * x + d * y + f - top) * scale;
    const turn = `${a.toFixed(5)},${b.toFixed(5)},${c.toFixed(5)},${d.toFixed(5)}`;
    const text = `matrix(${turn},${right.toFixed(2)},${down.toFixed(2)})`;
    if (text === this.written) return;
    this.written = text;
    this.element.style.transform = text;
  }

  /** @param {boolean} shown a hidden layer costs nothing */
  show(shown) {
    if (shown === this.shown) return;
    this.shown = shown;
    this.element.style.visibility = shown ? 'visible' : 'hidden';
  }

  /** @returns {Promise<void>} when the picture can be shown; one that cannot be had is left out */
  async ready() {
    if (this.element instanceof HTMLImageElement) await this.element.decode().catch(() => this.show(false));
  }
}
