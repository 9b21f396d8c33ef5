import { TAGS } from './words.js';
import { element } from './elements.js';

const SHOWN = 6;

/** Suggested questions, to be touched. Event: `ask` (detail: {text, language}). */
export class Questions extends EventTarget {
  #list;
  #words;
  /** @type {Record<string, string[]>} */
  #questions = {};

  /**
   * @param {HTMLElement} list
   * @param {import('./words.js').Words} words
   */
  constructor(list, words) {
    super();
    this.#list = list;
    this.#words = words;
    words.addEventListener('change', () => this.#draw());
  }

  /** @param {Record<string, string[]>} questions by language */
  set(questions) {
    this.#questions = questions ?? {};
    this.#draw();
  }

  #draw() {
    const { language } = this.#words;
    const texts = (this.#questions[language] ?? []).slice(0, SHOWN);
    this.#list.lang = TAGS[language];
    this.#list.replaceChildren(...texts.map((text) => element('li', {}, this.#chip(text, language))));
    this.#list.hidden = texts.length === 0;
  }

  #chip(text, language) {
    const chip = element('button', { type: 'button', class: 'chip' }, text);
    chip.onclick = () => this.dispatchEvent(new CustomEvent('ask', { detail: { text, language } }));
    return chip;
  }
}
