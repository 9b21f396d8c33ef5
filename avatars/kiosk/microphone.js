import { Extreme } from './extreme.js';
import { FRAME } from './frames.js';

/** Samples a second. */
const RATE = 16000;
/** Milliseconds between two attempts to mend. */
const MEND = 5000;
/** Seconds over which the clocks of sound and page are compared. */
const SPAN = 5;
/** Seconds by which the sound's clock may fall behind at once before samples count as missing. */
const LATE = 0.08;
/** Seconds in a frame by which two crystals may drift apart without anything being missing: 200 ppm. */
const DRIFT = 4e-6;

/**
 * @typedef {'opening' | 'ok' | 'muted' | 'denied' | 'none' | 'lost' | 'insecure' | 'blocked'} State `muted`: by the
 *   system or a switch on the device; `blocked`: the browser wants a touch first
 *
 * @typedef {object} Frame 20 ms
 * @property {ArrayBuffer} pcm
 * @property {number} number of its first sample since the microphone's start
 * @property {boolean} gap samples before it are missing
 * @property {number} at seconds on the page's clock when its first sample was taken
 * @property {number} level root mean square, 0..1
 */

/** The microphone, that mends itself. Events: `state`, `frame` (detail: Frame). */
export class Microphone extends EventTarget {
  #label;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  #opening = false;
  #late = new Extreme(Math.min, SPAN);
  #offset = NaN;
  #born = NaN;
  #base = 0;
  #next = 0;
  /** @type {State} */
  state = 'opening';
  /** Frames since the page was opened. */
  frames = 0;

  /** @param {string} label part of the wanted device's label; '' takes the system's */
  constructor(label) {
    super();
    this.#label = label.toLowerCase();
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#mend());
    setInterval(() => this.#mend(), MEND);
    this.#watchPermission();
  }

  /** Ask for the microphone and listen. */
  async open() {
    if (!window.isSecureContext || !navigator.mediaDevices) return this.#become('insecure');
    if (this.#opening || this.#stream) return undefined;
    this.#opening = true;
    try {
      this.#follow(await this.#capture());
      await this.#listen();
      this.#become(this.#judge());
    } catch (error) {
      this.#release();
      this.#become(named(error));
    } finally {
      this.#opening = false;
    }
    return undefined;
  }

  /** A visitor has touched the page: now the browser lets it listen. */
  async wake() {
    if (!this.#stream) await this.open();
    await this.#context?.resume();
    if (this.#stream) this.#become(this.#judge());
  }

  #judge() {
    if (this.#context.state !== 'running') return 'blocked';
    return this.#stream.getAudioTracks()[0].muted ? 'muted' : 'ok';
  }

  async #capture() {
    const wishes = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wishes });
    const wanted = await this.#wanted(stream);
    if (!wanted) return stream;
    for (const track of stream.getTracks()) track.stop();
    return navigator.mediaDevices.getUserMedia({ audio: { ...wishes, deviceId: { exact: wanted } } });
  }

  /** Labels can be read only after a first permission. @returns {Promise<string>} id of a better device, or '' */
  async #wanted(stream) {
    if (!this.#label) return '';
    const devices = await navigator.mediaDevices.enumerateDevices();
    const inputs = devices.filter(({ kind, label }) => kind === 'audioinput' && label.toLowerCase().includes(this.#label));
    const has = stream.getAudioTracks()[0].getSettings().deviceId;
    return inputs.some(({ deviceId }) => deviceId === has) ? '' : (inputs[0]?.deviceId ?? '');
  }

  #follow(stream) {
    this.#stream = stream;
    const [track] = stream.getAudioTracks();
    track.onended = () => this.#lose();
    track.onmute = () => this.#become(this.#judge());
    track.onunmute = () => this.#become(this.#judge());
  }

  async #listen() {
    if (!this.#context) await this.#start();
    this.#source = this.#context.createMediaStreamSource(this.#stream);
    this.#source.connect(this.node);
    // Without permission to begin this waits for a touch, so nobody waits for it.
    this.#context.resume();
    await Promise.race([running(this.#context), new Promise((resolve) => setTimeout(resolve, 1000))]);
  }

  async #start() {
    const context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    await context.audioWorklet.addModule(new URL('./microphone-worklet.js', import.meta.url));
    const mono = { numberOfOutputs: 0, channelCount: 1, channelCountMode: /** @type {const} */ ('explicit') };
    this.node = new AudioWorkletNode(context, 'microphone', mono);
    this.node.port.onmessage = ({ data }) => this.#heard(data);
    context.onstatechange = () => this.#stream && this.#become(this.#judge());
    this.#context = context;
  }

  #heard({ pcm, frame, gap, level }) {
    const now = performance.now() / 1000;
    this.#late.note(now - frame / RATE, now);
    if (Number.isNaN(this.#born)) this.#born = now;
    if (this.#follows(now)) gap = true;
    const number = this.#base + frame;
    this.#next = number + FRAME;
    this.frames += 1;
    const at = frame / RATE + this.#late.value;
    this.dispatchEvent(new CustomEvent('frame', { detail: { pcm, number, gap, at, level } }));
  }

  /**
   * The numbers follow real time: where the sound's clock stood still (an overloaded machine), they jump.
   * @returns {boolean} whether they have jumped
   */
  #follows(now) {
    const steady = now - this.#born > SPAN;
    if (!steady || Number.isNaN(this.#offset)) this.#offset = this.#late.value;
    const behind = this.#late.value - this.#offset;
    this.#offset = Math.min(this.#offset + DRIFT, this.#late.value);
    if (behind < LATE) return false;
    this.#offset = this.#late.value;
    this.#base += Math.round(behind * RATE);
    return true;
  }

  #lose() {
    this.#release();
    this.#become('lost');
    this.#mend();
  }

  #release() {
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = track.onmute = track.onunmute = null;
      track.stop();
    }
    this.#source?.disconnect();
    this.#stream = this.#source = null;
  }

  #mend() {
    if (['none', 'lost'].includes(this.state)) this.open();
  }

  async #watchPermission() {
    try {
      const permission = await navigator.permissions.query({ name: /** @type {any} */ ('microphone') });
      permission.onchange = () => (permission.state === 'denied' ? this.#deny() : this.open());
    } catch {
      // A browser that cannot be asked is asked by opening.
    }
  }

  #deny() {
    this.#release();
    this.#become('denied');
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }
}

/** @returns {State} */
function named(error) {
  if (['NotAllowedError', 'SecurityError'].includes(error.name)) return 'denied';
  return error.name === 'NotFoundError' ? 'none' : 'lost';
}

function running(context) {
  return new Promise((resolve) => {
    if (context.state === 'running') resolve(undefined);
    else context.addEventListener('statechange', () => context.state === 'running' && resolve(undefined));
  });
}
