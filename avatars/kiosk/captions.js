import { TAGS } from './words.js';
import { element } from './elements.js';

/** Milliseconds that the last sentence stays after it was heard. */
const LINGER = 2500;

/** The sentence that is heard, with the word that is heard. */
export class Captions {
  #box;
  #line;
  #said = element('span', { class: 'said' });
  #now = element('span', { class: 'now' });
  #coming = element('span', { class: 'coming' });
  /** @type {import('./playback.js').Sentence | null} */
  #sentence = null;
  /** @type {string[]} the sentence by characters, as the server counts them: one of a far plane is one, not two */
  #characters = [];
  #word = -2;
  #long = false;
  #fresh = false;
  #timer = 0;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
    this.#line = element('p', {}, this.#said, this.#now, this.#coming);
    box.append(this.#line);
  }

  /**
   * What is heard now; called some 50 times a second.
   * @param {import('./playback.js').Sentence} sentence
   * @param {number} sample of the sentence's clock
   */
  show(sentence, sample) {
    if (sentence !== this.#sentence) this.#begin(sentence);
    const word = sentence.words.findLastIndex(({ start }) => start <= sample);
    if (word !== this.#word) this.#mark(word);
  }

  /** The sentence is over: it stays a moment, for slow readers. */
  rest() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.clear(), LINGER);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#sentence = null;
    this.#box.hidden = true;
    for (const span of [this.#said, this.#now, this.#coming]) span.textContent = '';
  }

  /** The word that is marked, for tests. */
  get word() {
    return this.#now.textContent;
  }

  #begin(sentence) {
    clearTimeout(this.#timer);
    this.#sentence = sentence;
    this.#characters = Array.from(sentence.text);
    this.#word = -2;
    this.#line.lang = TAGS[sentence.language] ?? '';
    this.#fresh = true;
    this.#box.hidden = false;
    this.#line.scrollTop = 0;
  }

  #mark(index) {
    this.#word = index;
    const [from, to] = this.#place(index);
    const piece = (...range) => this.#characters.slice(...range).join('');
    this.#said.textContent = piece(0, from);
    this.#now.textContent = piece(from, to);
    this.#coming.textContent = piece(to);
    // Once a sentence: to ask for a size lays the page out, with every word.
    if (this.#fresh) this.#long = this.#line.scrollHeight > this.#line.clientHeight + 2;
    this.#fresh = false;
    if (this.#long) this.#reveal();
  }

  /** Where a word stands in the text; a number may be written otherwise than it is spoken: then up to the next word. */
  #place(index) {
    if (index < 0) return [0, 0];
    const { words } = this.#sentence;
    const { offset, text } = words[index];
    const length = Array.from(text).length;
    if (this.#characters.slice(offset, offset + length).join('') === text) return [offset, offset + length];
    const next = words[index + 1]?.offset ?? this.#characters.length;
    return [offset, Math.max(offset, next)];
  }

  /** A long sentence is moved on, so that the word that is heard is in sight. */
  #reveal() {
    const { offsetTop, offsetHeight } = this.#now;
    const { clientHeight, scrollTop } = this.#line;
    const below = offsetTop + 1.5 * offsetHeight > scrollTop + clientHeight;
    if (below || offsetTop < scrollTop) this.#line.scrollTop = Math.max(0, offsetTop - offsetHeight / 2);
  }
}
