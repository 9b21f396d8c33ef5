import { PartQueue } from './partqueue.js';

/** Frames between two reports: about 20 ms. */
const REPORT = 480;
/** Frames that reports go on after the last sound: what was rendered may be heard only later (Bluetooth). */
const LINGER = 24000;

/** The audio thread's end of the loudspeaker. */
class LoudspeakerProcessor extends AudioWorkletProcessor {
  #queue = new PartQueue();
  /** @type {import('./partqueue.js').Event[]} */
  #events = [];
  #reported = 0;
  #sounded = -Infinity;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#told(data);
  }

  #told(order) {
    if (order.put) this.#queue.put(order.put);
    if (order.cut) this.#queue.cut();
    if (order.clear) this.#queue.clear();
    if (order.duck !== undefined) this.#queue.duck(order.duck);
    if (order.gain !== undefined) this.#queue.gain(order.gain);
  }

  process(_inputs, [[out]]) {
    if (!this.#queue.empty) this.#sounded = currentFrame;
    this.#queue.render(out, currentFrame, this.#events);
    const due = currentFrame - this.#reported >= REPORT && currentFrame - this.#sounded < LINGER;
    if (due || this.#events.length > 0) this.#report(currentFrame + out.length);
    return true;
  }

  #report(frame) {
    this.port.postMessage({ frame, events: this.#events, underruns: this.#queue.underruns });
    this.#events = [];
    this.#reported = currentFrame;
  }
}

registerProcessor('loudspeaker', LoudspeakerProcessor);
