import { element } from './elements.js';

/** Milliseconds that a notice stays which is over by itself. */
const SHORT = 8000;
/** More at once would hide the face. */
const SHOWN = 2;

/**
 * @typedef {object} Notice
 * @property {string} key of its words: `key` is the title, `key-more` what can be done
 * @property {boolean} [grave] it hides the conversation until it is mended
 * @property {boolean} [alert] it is told at once to who cannot see
 * @property {string} [code] for the operator, in small print
 * @property {string} [button] key of the word on its button
 * @property {() => void} [act] what the button does
 */

/** Problems, in the visitor's words. */
export class Notices {
  #box;
  #words;
  /** @type {Map<string, Notice>} by topic: one at a time of each */
  #notices = new Map();

  /**
   * @param {HTMLElement} box with a `[role=status]` and a `[role=alert]` in it
   * @param {import('./words.js').Words} words
   */
  constructor(box, words) {
    this.#box = box;
    this.#words = words;
    words.addEventListener('change', () => this.#draw());
  }

  /**
   * @param {string} topic
   * @param {Notice | null} notice null: it is mended
   */
  set(topic, notice) {
    const old = this.#notices.get(topic);
    if (old?.key === notice?.key && old?.code === notice?.code) return;
    this.#notices.delete(topic);
    if (notice) this.#notices.set(topic, notice);
    this.#draw();
  }

  /** One that goes away by itself. */
  flash(topic, notice) {
    this.set(topic, notice);
    setTimeout(() => this.#notices.get(topic) === notice && this.set(topic, null), SHORT);
  }

  /** What is shown, for tests. @returns {string[]} */
  get keys() {
    return [...this.#notices.values()].map(({ key }) => key);
  }

  #draw() {
    const all = [...this.#notices.values()].sort((a, b) => Number(b.grave ?? false) - Number(a.grave ?? false));
    const grave = all.some((notice) => notice.grave);
    const shown = all.slice(0, grave ? 1 : SHOWN);
    this.#box.classList.toggle('grave', grave);
    for (const role of ['alert', 'status']) {
      const cards = shown.filter((notice) => Boolean(notice.alert) === (role === 'alert')).map((one) => this.#card(one));
      this.#box.querySelector(`[role=${role}]`).replaceChildren(...cards);
    }
  }

  #card({ key, code, button, act }) {
    const title = element('strong', {}, this.#words.of(key));
    const more = element('p', {}, this.#words.of(`${key}-more`));
    const card = element('div', { class: 'notice', 'data-key': key }, title, more);
    if (button) card.append(this.#button(button, act));
    if (code) card.append(element('small', {}, code));
    return card;
  }

  #button(word, act) {
    const button = element('button', { type: 'button' }, this.#words.of(word));
    button.onclick = act;
    return button;
  }
}
