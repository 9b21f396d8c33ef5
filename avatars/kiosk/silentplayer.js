import { PartQueue, RATE } from './partqueue.js';

const TICK_MS = 20;

/**
 * Plays without sound, in time: where sound is switched off, not allowed yet or gone, captions and face go on and the
 * server hears the same reports.
 */
export class SilentPlayer {
  #queue = new PartQueue();
  #scratch = new Float32Array(RATE / 10);
  #frame = 0;
  #started = 0;
  #timer = 0;
  /** @type {(report: {frame: number, events: import('./partqueue.js').Event[], underruns: number}) => void} */
  onreport = () => {};
  /** Seconds from queue to ear. */
  latency = 0;
  underruns = 0;

  /** @param {import('./partqueue.js').Queued} part */
  put(part) {
    this.#queue.put(part);
    this.#run();
  }

  cut() {
    this.#queue.cut();
    this.#run();
  }

  clear() {
    this.#queue.clear();
  }

  duck() {}

  gain() {}

  /** The frame that is heard now. */
  audible() {
    return this.#frame;
  }

  /** Nothing is handed to a loudspeaker. */
  handed() {
    return NaN;
  }

  #run() {
    if (this.#timer) return;
    this.#started = performance.now() - (this.#frame / RATE) * 1000;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick() {
    const due = Math.floor(((performance.now() - this.#started) / 1000) * RATE);
    const events = [];
    while (this.#frame < due) {
      const count = Math.min(this.#scratch.length, due - this.#frame);
      this.#queue.render(this.#scratch.subarray(0, count), this.#frame, events);
      this.#frame += count;
    }
    this.underruns = this.#queue.underruns;
    this.onreport({ frame: this.#frame, events, underruns: this.underruns });
    if (this.#queue.empty) this.#rest();
  }

  #rest() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}
