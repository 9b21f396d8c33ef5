/** Milliseconds between two looks. */
const LOOK = 5000;
/** Milliseconds without a frame, in a window that is seen, after which the page counts as stuck. */
const STUCK = 15000;
/** Milliseconds without a server after which a fresh start is tried. */
const AWAY = 600000;
/** MB beyond which the page is loaded anew when nobody is there. */
const FAT = 400;

/** Notices that the page is stuck, and loads it anew when nobody is there. */
export class Watchdog {
  #calm;
  #memory;
  #log;
  #framed = performance.now();
  #linked = performance.now();
  #looked = performance.now();
  #wanted = '';
  #reloading = false;

  /**
   * @param {object} page
   * @param {() => boolean} page.calm nobody is there
   * @param {() => number} page.memory MB
   * @param {(text: string) => void} page.log
   */
  constructor({ calm, memory, log }) {
    this.#calm = calm;
    this.#memory = memory;
    this.#log = log;
    setInterval(() => this.look(), LOOK);
  }

  /** A frame was drawn. */
  frame() {
    this.#framed = performance.now();
  }

  /** The server is there. */
  linked() {
    this.#linked = Infinity;
  }

  /** The server has gone; since when counts, not how often. */
  unlinked() {
    this.#linked = Math.min(this.#linked, performance.now());
  }

  /** @param {string} why the page shall be loaded anew as soon as nobody is there */
  want(why) {
    this.#wanted = why;
    this.look();
  }

  /** Whether it is time. */
  look() {
    const now = performance.now();
    // A machine that slept, or a window in the background, is not stuck.
    if (document.hidden || now - this.#looked > 3 * LOOK) this.#framed = now;
    this.#looked = now;
    const why = this.#why(now);
    if (why && this.#calm()) this.#reload(why);
  }

  #why(now) {
    if (this.#wanted) return this.#wanted;
    if (now - this.#framed > STUCK) return 'no frame was drawn';
    if (now - this.#linked > AWAY) return 'the server was away for long';
    return this.#memory() > FAT ? 'memory' : '';
  }

  /** Only when the page is there to be loaded: a browser's error page would stay for ever. */
  async #reload(why) {
    if (this.#reloading) return;
    this.#reloading = true;
    try {
      const answer = await fetch(document.URL.split('#')[0], { cache: 'no-store' });
      if (!answer.ok) return;
      this.#log(`reload: ${why}`);
      location.reload();
    } catch {
      // Still away.
    } finally {
      this.#reloading = false;
    }
  }
}
