/** Characters of the model's thought that are shown: its latest. */
const SHOWN = 72;
const KEPT = 600;

/** That, and what, is being thought. */
export class Thinking {
  #box;
  #line;
  #thought = '';

  /** @param {HTMLElement} box with a `.thought` line in it */
  constructor(box) {
    this.#box = box;
    this.#line = box.querySelector('.thought');
  }

  /** @param {boolean} on */
  show(on) {
    if (this.#box.hidden === !on) return;
    this.#box.hidden = !on;
    if (!on) this.clear();
  }

  /** @param {string} text a piece of it */
  add(text) {
    this.#thought = (this.#thought + text).slice(-KEPT);
    const line = this.#thought.replace(/\s+/g, ' ').trim();
    const characters = Array.from(line);
    this.#line.textContent = characters.length > SHOWN ? `…${characters.slice(-SHOWN).join('')}` : line;
  }

  clear() {
    this.#thought = '';
    this.#line.textContent = '';
  }
}
