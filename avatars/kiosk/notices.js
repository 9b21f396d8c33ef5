import { element } from './elements.js';

/** Milliseconds that a notice stays which is over by itself. */
const SHORT = 8000;
/** Milliseconds after which one that stays makes itself small. */
const READ = 12000;
/** More at once would hide the face: the grave ones first, then the lost connection, without which nothing works. */
const SHOWN = 2;

/**
 * @typedef {object} Notice
 * @property {string} key of its words: `key` is the title, `key-more` what can be done
 * @property {boolean} [grave] it hides the conversation until it is mended
 * @property {boolean} [alert] it is told at once to who cannot see
 * @property {string} [code] for the operator, out of sight
 * @property {string} [button] key of the word on its button
 * @property {() => void} [act] what the button does
 * @property {boolean} [small] it was read
 */

/** Problems, in the visitor's words. */
export class Notices {
  #box;
  #behind;
  #words;
  /** @type {Map<string, Notice>} by topic: one at a time of each */
  #notices = new Map();

  /**
   * @param {HTMLElement} box with a `[role=status]` and a `[role=alert]` in it
   * @param {import('./words.js').Words} words
   * @param {HTMLElement} behind what a grave notice hides
   */
  constructor(box, words, behind) {
    this.#box = box;
    this.#behind = behind;
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

  /** @param {string} topic @returns {boolean} whether something is wrong with it */
  has(topic) {
    return this.#notices.has(topic);
  }

  /** What is shown, for tests. @returns {string[]} */
  get keys() {
    return [...this.#notices.values()].map(({ key }) => key);
  }

  /** What the operator may want to know of them. @returns {Record<string, string>} by key */
  get codes() {
    return Object.fromEntries([...this.#notices.values()].map(({ key, code }) => [key, code ?? '']));
  }

  #draw() {
    const weight = ([topic, { grave }]) => (grave ? 2 : 0) + (topic === 'link' ? 1 : 0);
    const all = [...this.#notices].sort((a, b) => weight(b) - weight(a)).map(([, notice]) => notice);
    const grave = all.some((notice) => notice.grave);
    this.#behind.inert = grave;
    const shown = all.slice(0, grave ? 1 : SHOWN);
    this.#box.classList.toggle('grave', grave);
    for (const role of ['alert', 'status']) {
      const cards = shown.filter((notice) => Boolean(notice.alert) === (role === 'alert')).map((one) => this.#card(one));
      this.#box.querySelector(`[role=${role}]`).replaceChildren(...cards);
    }
  }

  #card(notice) {
    const { key, code, button, act } = notice;
    const title = element('button', { type: 'button', class: 'title' }, this.#words.of(key));
    const more = element('p', {}, this.#words.of(`${key}-more`));
    const card = element('div', { class: 'notice', 'data-key': key, 'data-code': code || false }, title, more);
    if (button) card.append(this.#button(button, act));
    const open = () => this.#open(card, title, notice);
    title.onclick = () => {
      notice.small = !notice.small;
      open();
    };
    open();
    return card;
  }

  /** As large or small as it was before; after a while it is small. */
  #open(card, title, notice) {
    const small = Boolean(notice.small && !notice.grave);
    card.classList.toggle('small', small);
    title.ariaExpanded = String(!small);
    if (small || notice.grave) return;
    setTimeout(() => {
      notice.small = true;
      this.#open(card, title, notice);
    }, READ);
  }

  #button(word, act) {
    const button = element('button', { type: 'button' }, this.#words.of(word));
    button.onclick = act;
    return button;
  }
}
