import { Motion } from './motion.js';

/** @typedef {import('./matrix.js').Matrix} Matrix */

/** One sheet of the picture: an element of its own, which the compositor moves. */
export class Layer {
  /**
   * @param {object} facts of `avatar.json`
   * @param {Element} element
   * @param {Motion | null} motion
   */
  constructor(facts, element, motion) {
    this.facts = facts;
    this.element = element;
    this.motion = motion;
    this.written = '';
    this.shown = true;
    Object.assign(element.style, { position: 'absolute', left: '0', top: '0', transformOrigin: '0 0', maxWidth: 'none' });
    element.style.willChange = 'transform';
  }

  /**
   * @param {string} url of the pack
   * @param {object} facts
   */
  static async load(url, facts) {
    if (!facts.motion) return new Layer(facts, await picture(`${url}/${facts.art}`), null);
    const [text, motion] = await Promise.all([
      fetched(`${url}/${facts.art}`).then((answer) => answer.text()),
      fetched(`${url}/${facts.motion}`).then((answer) => answer.json()),
    ]);
    const svg = document.importNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement, true);
    return new Layer(facts, svg, new Motion(svg, motion));
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
    const text = `matrix(${a.toFixed(5)},${b.toFixed(5)},${c.toFixed(5)},${d.toFixed(5)},${right.toFixed(2)},${down.toFixed(2)})`;
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
}

/** @param {string} address */
export async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer;
}

/** @param {string} address of a picture, which is decoded before it is shown */
export async function picture(address) {
  const image = new Image();
  image.src = address;
  image.alt = '';
  image.draggable = false;
  await image.decode();
  return image;
}
