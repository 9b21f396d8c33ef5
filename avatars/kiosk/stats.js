/** Frames that the figures are made of: 10 s at 60 frames a second. */
const KEPT = 600;

/** How long the main thread works for a frame: from its beginning until it was laid out and painted. */
export class Stats {
  #times = new Float32Array(KEPT);
  #count = 0;
  #channel = new MessageChannel();
  #began = 0;
  #since = performance.now();
  #sinceCount = 0;

  constructor() {
    // A message sent while a frame is made comes back after it was painted.
    this.#channel.port1.onmessage = () => this.#note(performance.now() - this.#began);
  }

  /** At the beginning of a frame. */
  begin() {
    this.#began = performance.now();
    this.#channel.port2.postMessage(0);
  }

  /** @param {number} share 0..1 @returns {number} milliseconds of a frame */
  quantile(share) {
    const times = this.#times.slice(0, Math.min(this.#count, KEPT)).sort();
    return times.length ? Math.round(times[Math.floor(share * (times.length - 1))] * 100) / 100 : 0;
  }

  /** Frames since the page was opened. */
  get frames() {
    return this.#count;
  }

  /** Frames a second since it was last asked for. */
  get fps() {
    const now = performance.now();
    const fps = ((this.#count - this.#sinceCount) / Math.max(1, now - this.#since)) * 1000;
    this.#since = now;
    this.#sinceCount = this.#count;
    return Math.round(fps * 10) / 10;
  }

  /** MB of the page's own memory; 0 where the browser does not tell. */
  get memory() {
    const { memory } = /** @type {any} */ (performance);
    return memory ? Math.round(memory.usedJSHeapSize / 1e5) / 10 : 0;
  }

  #note(time) {
    this.#times[this.#count % KEPT] = time;
    this.#count += 1;
  }
}
