import { TAGS } from './words.js';
import { clear, shape } from './feelings.js';
import { element } from './elements.js';

/** Lines that are kept: a visit may be long, the page must not grow. */
const LINES = 30;

/** What was heard of the visitor, with its feeling, and what the visitor heard. */
export class Chat {
  #list;
  #words;
  /** @type {Map<number, HTMLElement>} the visitor's lines by turn */
  #turns = new Map();
  /** @type {Map<number, number>} how sure the feeling is that a line shows */
  #sure = new Map();
  /** That this answer has a source. @type {HTMLElement | null} */
  #mark = null;

  /**
   * @param {HTMLElement} list
   * @param {import('./words.js').Words} words
   */
  constructor(list, words) {
    this.#list = list;
    this.#words = words;
  }

  /** @param {{turn: number, text: string, language: string, partial: boolean}} transcript */
  heard({ turn, text, language, partial }) {
    const line = this.#turns.get(turn) ?? this.#add('visitor', turn);
    this.#mark = null;
    line.classList.toggle('partial', Boolean(partial));
    line.lang = TAGS[language] ?? '';
    line.querySelector('p').textContent = text;
    this.#scroll();
  }

  /** @param {{turn: number, feeling: {label: string, confidence: number}}} emotion */
  felt({ turn, feeling }) {
    const line = this.#turns.get(turn);
    if (!line || !clear(feeling) || feeling.confidence <= (this.#sure.get(turn) ?? 0)) return;
    this.#sure.set(turn, feeling.confidence);
    line.querySelector('.feeling')?.remove();
    const words = [this.#own('feels'), ' ', this.#own(feeling.label)];
    line.append(element('span', { class: 'feeling', 'data-feeling': feeling.label }, shape(feeling.label), ...words));
  }

  /**
   * A sentence begins to be heard.
   * @param {{text: string, language: string, cause: string}} sentence
   * @param {{by: string, sources: string[], index: number} | undefined} facts
   */
  said({ text, language, cause }, facts) {
    if (!text) return;
    const line = this.#add('avatar');
    line.dataset.cause = cause;
    line.lang = TAGS[language] ?? '';
    line.querySelector('p').textContent = text;
    const { by = '', sources = [], index } = facts ?? {};
    line.dataset.by = by;
    if (index === 0) this.#mark = null;
    if (sources.length) this.#source(line, sources);
    this.#scroll();
  }

  /** It was cut: what was not heard does not stand here. @param {import('./playback.js').Sentence} sentence */
  cut({ cause, text, words, begun, heard }) {
    const line = this.#list.querySelector(`[data-cause="${CSS.escape(cause)}"]`);
    if (!line || !begun) return;
    const last = words.findLast(({ start }) => start <= heard);
    const end = last ? last.offset + Array.from(last.text).length : 0;
    line.querySelector('p').textContent = `${Array.from(text).slice(0, end).join('')} —`;
  }

  /** Nothing of a visitor stays. */
  clear() {
    this.#list.replaceChildren();
    this.#turns.clear();
    this.#sure.clear();
    this.#mark = null;
  }

  #add(who, turn) {
    const line = element('div', { class: who }, element('p'));
    this.#list.append(line);
    if (turn !== undefined) this.#turns.set(turn, line);
    while (this.#list.children.length > LINES) this.#list.firstElementChild.remove();
    if (this.#turns.size > LINES) this.#turns.delete(this.#turns.keys().next().value);
    return line;
  }

  /** Once under an answer; which entries they were is for the operator. */
  #source(line, sources) {
    this.#mark ??= element('small', {}, this.#own('source'));
    const all = new Set([...(this.#mark.dataset.sources?.split(' ') ?? []), ...sources]);
    this.#mark.dataset.sources = [...all].join(' ');
    line.append(this.#mark);
  }

  /** A word of the page's own, in the page's language and not in the line's. */
  #own(key) {
    return element('span', { 'data-t': key, lang: TAGS[this.#words.language] }, this.#words.of(key));
  }

  #scroll() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
