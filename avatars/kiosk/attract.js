/** Milliseconds without anybody after which the face falls asleep. */
const SLEEPY = 600000;

/** What the page shows when nobody is there: an invitation. */
export class Attract {
  #box;
  #words;
  #since = performance.now();
  on = false;

  /**
   * @param {HTMLElement} box with a `.zh` and an `.en` line: whoever comes is invited in both
   * @param {import('./words.js').Words} words
   */
  constructor(box, words) {
    this.#box = box;
    this.#words = words;
    this.show(true);
  }

  /** @param {boolean} on */
  show(on) {
    if (on === this.on) return;
    this.on = on;
    this.#since = performance.now();
    this.#box.hidden = !on;
    document.documentElement.dataset.view = on ? 'attract' : 'talk';
  }

  /** @param {'inviteTalk' | 'inviteTouch' | 'inviteWake' | 'inviteTalkByTouch'} key how one may begin */
  invite(key) {
    for (const language of ['zh', 'en']) this.#box.querySelector(`.${language}`).textContent = this.#words.in(language, key);
  }

  /** Nobody was there for long. */
  get asleep() {
    return this.on && performance.now() - this.#since > SLEEPY;
  }
}
