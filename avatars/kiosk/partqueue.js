/** Samples a second. */
export const RATE = 24000;
/** Samples of a fade, of ducking and of its end: 20 ms. */
const RAMP = 480;
/** -12 dB. */
const DUCKED = 0.251;
/** Above this a sample is bent instead of clipped: the room's gain may exceed 1. */
const KNEE = 0.8;

/**
 * @typedef {object} Queued
 * @property {number} handle
 * @property {Int16Array} pcm
 * @property {number} position the next sample to sound
 * @property {boolean} last the sentence ends with this part
 *
 * @typedef {object} Event what happened, on the clock of the frames rendered
 * @property {'begin' | 'end' | 'cut'} kind
 * @property {number} handle 0: nothing was sounding at a cut
 * @property {number} frame
 * @property {number} sample of the part
 */

/**
 * The parts that wait to sound, played back to back, sample by sample. It runs in the audio thread, and on the main
 * thread where nothing can sound.
 */
export class PartQueue {
  /** @type {Queued[]} */
  #waiting = [];
  /** @type {Queued | null} */
  #current = null;
  /** Samples of fade left; -1: no fade under way. */
  #fade = -1;
  #duck = 1;
  #duckTo = 1;
  #gain = 1;
  #gainTo = 1;
  #dry = false;
  /** How often a sentence had to wait for its next part. */
  underruns = 0;

  /** @param {Queued} part */
  put(part) {
    this.#waiting.push(part);
  }

  /** Fade out what sounds and drop what waits; what is put afterwards follows. */
  cut() {
    this.#waiting.length = 0;
    this.#dry = false;
    if (!this.#current) this.#fade = 0;
    else if (this.#fade < 0) this.#fade = RAMP;
  }

  /** Everything out of here at once, without a sound: another player goes on with it. */
  clear() {
    this.#waiting.length = 0;
    this.#current = null;
    this.#fade = -1;
    this.#dry = false;
  }

  /** @param {boolean} on the visitor may be speaking */
  duck(on) {
    this.#duckTo = on ? DUCKED : 1;
  }

  /** @param {number} gain of the room */
  gain(gain) {
    this.#gainTo = gain;
  }

  get empty() {
    return !this.#current && this.#waiting.length === 0 && this.#fade < 0;
  }

  /**
   * @param {Float32Array} out filled with what sounds next
   * @param {number} frame of its first sample
   * @param {Event[]} events what happened meanwhile is added here
   */
  render(out, frame, events) {
    for (let done = 0; done < out.length; ) {
      if (this.#fade === 0) this.#stop(frame + done, events);
      if (!this.#current && !this.#next(frame + done, events)) {
        out.fill(0, done);
        return;
      }
      done += this.#sound(out, done);
      if (this.#current.position >= this.#current.pcm.length) this.#end(frame + done, events);
    }
  }

  #next(frame, events) {
    const part = this.#waiting.shift();
    if (!part) return false;
    this.#current = part;
    if (this.#dry) this.underruns += 1;
    this.#dry = false;
    events.push({ kind: 'begin', handle: part.handle, frame, sample: part.position });
    if (part.position >= part.pcm.length) this.#end(frame, events);
    return this.#current !== null || this.#next(frame, events);
  }

  #end(frame, events) {
    const { handle, pcm, last } = this.#current;
    events.push({ kind: 'end', handle, frame, sample: pcm.length });
    this.#current = null;
    this.#dry = !last && this.#waiting.length === 0 && this.#fade < 0;
    // What faded has ended by itself before the fade did.
    if (this.#fade > 0) this.#fade = 0;
  }

  #stop(frame, events) {
    events.push({ kind: 'cut', handle: this.#current?.handle ?? 0, frame, sample: this.#current?.position ?? 0 });
    this.#current = null;
    this.#fade = -1;
  }

  /** As much of the current part as fits; how many samples. */
  #sound(out, from) {
    const { pcm, position } = this.#current;
    const fading = this.#fade > 0 ? this.#fade : Infinity;
    const count = Math.min(out.length - from, pcm.length - position, fading);
    for (let i = 0; i < count; i += 1) {
      out[from + i] = bend((pcm[position + i] / 32768) * this.#level());
    }
    this.#current.position += count;
    return count;
  }

  /** The gain of the next sample; every change of it is a ramp. */
  #level() {
    this.#duck = toward(this.#duck, this.#duckTo, (1 - DUCKED) / RAMP);
    this.#gain = toward(this.#gain, this.#gainTo, 1 / RATE);
    if (this.#fade <= 0) return this.#duck * this.#gain;
    this.#fade -= 1;
    return (this.#duck * this.#gain * this.#fade) / RAMP;
  }
}

function toward(value, target, step) {
  if (value === target) return value;
  return value < target ? Math.min(target, value + step) : Math.max(target, value - step);
}

function bend(x) {
  const size = Math.abs(x);
  if (size <= KNEE) return x;
  const room = 1 - KNEE;
  return Math.sign(x) * (KNEE + room * Math.tanh((size - KNEE) / room));
}
