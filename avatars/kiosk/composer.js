import { languageOf } from './words.js';

/** The field for typed questions. Event: `ask` (detail: {text, language}; cancelled: not sent). */
export class Composer extends EventTarget {
  #field;

  /** @param {HTMLFormElement} form with an `input` in it */
  constructor(form) {
    super();
    this.#field = form.querySelector('input');
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#send();
    };
  }

  /** @param {number} characters */
  set limit(characters) {
    this.#field.maxLength = characters;
  }

  clear() {
    this.#field.value = '';
  }

  #send() {
    const text = this.#field.value.trim();
    if (!text) return;
    const ask = new CustomEvent('ask', { detail: { text, language: languageOf(text) }, cancelable: true });
    // What could not be sent stays, to be sent again.
    if (this.dispatchEvent(ask)) this.clear();
  }
}
