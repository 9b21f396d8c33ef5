/**
 * Say, before and while it happens, that conversations here are recorded: whoever comes reads it in both languages.
 * @param {HTMLElement} box with a `[lang]` line for each language
 * @param {import('./words.js').Words} words
 * @param {boolean} on
 */
export function tellRecorded(box, words, on) {
  for (const language of ['zh', 'en']) box.querySelector(`[lang^=${language}]`).textContent = words.in(language, 'recorded');
  box.hidden = !on;
}
