import { STRINGS } from './strings.js';

/** BCP 47 tags: a screen reader must know which Chinese it reads, and a font which shapes to take. */
export const TAGS = { zh: 'zh-CN', en: 'en' };

/** The page's language and its words. Event: `change`. */
export class Words extends EventTarget {
  /** @type {'zh' | 'en'} */
  #language = 'zh';
  #values = {};

  get language() {
    return this.#language;
  }

  /** @param {string} language others than zh and en change nothing */
  set language(language) {
    if (!(language in TAGS) || language === this.#language) return;
    this.#language = /** @type {'zh' | 'en'} */ (language);
    this.apply();
    this.dispatchEvent(new Event('change'));
  }

  /** @param {Record<string, string>} values what stands for `{name}` in the words */
  set values(values) {
    this.#values = { ...this.#values, ...values };
  }

  /**
   * @param {string} key
   * @returns {string} '' where there is no such word
   */
  of(key) {
    return this.in(this.#language, key);
  }

  /**
   * @param {string} language
   * @param {string} key
   * @returns {string} '' where there is no such word
   */
  in(language, key) {
    const text = STRINGS[key]?.[language] ?? '';
    return text.replace(/\{(\w+)\}/g, (_, name) => this.#values[name] ?? '');
  }

  /** @param {string} key @returns {boolean} */
  has(key) {
    return key in STRINGS;
  }

  /** Write the words into everything below `root` that asks for them by `data-t` (text) or `data-t-label`. */
  apply(root = document.documentElement) {
    document.documentElement.lang = TAGS[this.#language];
    document.title = this.of('title');
    for (const element of root.querySelectorAll('[data-t]')) {
      element.textContent = this.of(element.dataset.t);
      if (element.hasAttribute('lang')) element.lang = TAGS[this.#language];
    }
    for (const element of root.querySelectorAll('[data-t-label]')) element.ariaLabel = this.of(element.dataset.tLabel);
    for (const element of root.querySelectorAll('[data-t-hint]')) element.placeholder = this.of(element.dataset.tHint);
  }
}

/** @param {string} text @returns {'zh' | 'en'} */
export function languageOf(text) {
  return /[\u3400-\u9fff]/.test(text) ? 'zh' : 'en';
}
