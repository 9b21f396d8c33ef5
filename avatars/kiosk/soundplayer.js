import { Extreme } from './extreme.js';
import { RATE } from './partqueue.js';

/** Seconds over which the clocks of sound and page are compared. */
const SPAN = 5;
/** Share of a new measurement of the latency. */
const SMOOTH = 0.02;
/** Seconds without progress of the sound's clock after which the device counts as gone. */
const STALLED = 1.5;

/** Plays through an AudioContext at 24 kHz and its worklet. */
export class SoundPlayer {
  /** @type {AudioContext} */
  #context;
  /** @type {AudioWorkletNode} */
  #node;
  #ahead = new Extreme(Math.max, SPAN);
  #audible = 0;
  #last = { time: -1, at: 0 };
  /** @type {(report: {frame: number, events: import('./partqueue.js').Event[], underruns: number}) => void} */
  onreport = () => {};
  /** The context has begun or ceased to run, or has failed. */
  onstate = () => {};
  failed = false;
  /** Seconds from the queue to the ear, as far as the browser knows. */
  latency = 0;
  underruns = 0;

  /** @returns {Promise<SoundPlayer>} not yet running where the browser wants a touch first */
  static async open() {
    const context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    await context.audioWorklet.addModule(new URL('./loudspeaker-worklet.js', import.meta.url));
    return new SoundPlayer(context);
  }

  /** @param {AudioContext} context */
  constructor(context) {
    this.#context = context;
    this.#node = new AudioWorkletNode(context, 'loudspeaker', { numberOfInputs: 0, outputChannelCount: [1] });
    this.#node.connect(context.destination);
    this.#node.port.onmessage = ({ data }) => this.#reported(data);
    context.onstatechange = () => this.onstate();
    context.onerror = () => this.#fail();
    this.#node.onprocessorerror = () => this.#fail();
  }

  get running() {
    return this.#context.state === 'running' && !this.failed;
  }

  /** Ask the browser for permission to sound; needs a touch or a key. */
  async wake() {
    if (this.#context.state !== 'running') await this.#context.resume();
  }

  close() {
    this.#context.onstatechange = null;
    this.#context.close();
  }

  /** @param {import('./partqueue.js').Queued} part its `pcm` is copied */
  put(part) {
    const pcm = part.pcm.slice();
    this.#node.port.postMessage({ put: { ...part, pcm } }, [pcm.buffer]);
  }

  cut() {
    this.#node.port.postMessage({ cut: true });
  }

  clear() {
    this.#node.port.postMessage({ clear: true });
  }

  /** @param {boolean} on */
  duck(on) {
    this.#node.port.postMessage({ duck: on });
  }

  /** @param {number} gain */
  gain(gain) {
    this.#node.port.postMessage({ gain });
  }

  /** The frame that is heard now: it never goes back, whatever the browser's clocks say. */
  audible() {
    const now = performance.now();
    const heard = Math.min(this.#output(now), this.#context.currentTime);
    this.#audible = Math.max(this.#audible, heard * RATE);
    this.#measure(now / 1000);
    return this.#audible;
  }

  /**
   * @param {number} at seconds on the page's clock
   * @returns {number} the frame that was given to the loudspeaker then
   */
  handed(at) {
    return (at + this.#ahead.value) * RATE;
  }

  /** Whether the device has stopped taking sound without saying so. */
  stalled() {
    const now = performance.now() / 1000;
    const time = this.#context.currentTime;
    if (time !== this.#last.time) this.#last = { time, at: now };
    return this.running && now - this.#last.at > STALLED;
  }

  /** @returns {number} seconds of the context's clock that are at the ear now */
  #output(now) {
    const { currentTime, outputLatency, baseLatency } = this.#context;
    const { contextTime, performanceTime } = this.#context.getOutputTimestamp();
    const known = contextTime > 0 && performanceTime > 0;
    const heard = contextTime + (now - performanceTime) / 1000;
    // Some browsers give nonsense before the first sound and after the device has changed.
    if (known && heard <= currentTime + 0.05 && heard > currentTime - 2) return heard;
    return currentTime - (outputLatency || baseLatency || 0);
  }

  #measure(now) {
    this.#ahead.note(this.#context.currentTime - now, now);
    const latency = Math.max(0, this.handed(now) - this.#audible) / RATE;
    this.latency = this.latency ? this.latency + SMOOTH * (latency - this.latency) : latency;
  }

  #reported(report) {
    this.underruns = report.underruns;
    this.onreport(report);
  }

  #fail() {
    this.failed = true;
    this.onstate();
  }
}
