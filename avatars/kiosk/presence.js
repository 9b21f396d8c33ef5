/** Seconds without a touch, a key, a voice or an answer after which nobody counts as there. */
const GONE = 90;

/** Whether somebody is there: by touch, key and voice; never who. Event: `change` (see `present`). */
export class Presence extends EventTarget {
  #last = 0;
  present = false;

  constructor() {
    super();
    // Not when a finger comes down: the page changes then, and what was meant would be gone from under it.
    for (const kind of ['click', 'keydown', 'keyup']) document.addEventListener(kind, (event) => this.#touched(event), true);
    setInterval(() => this.#look(), 1000);
  }

  /** A sign of life. */
  seen() {
    this.#last = performance.now();
    this.#become(true);
  }

  /** Something goes on: whoever listens is there. */
  busy() {
    this.#last = performance.now();
  }

  /** The visit is over. */
  gone() {
    this.#become(false);
  }

  /** What a touch itself says comes first: a greeting should be in the language that was just chosen. */
  #touched({ type, code, target }) {
    const half = type === 'keydown' && code === 'Space' && target.closest?.('button');
    if (!half) setTimeout(() => this.seen());
  }

  #look() {
    if (this.present && performance.now() - this.#last > GONE * 1000) this.#become(false);
  }

  #become(present) {
    if (present === this.present) return;
    this.present = present;
    this.dispatchEvent(new Event('change'));
  }
}
