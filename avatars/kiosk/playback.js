/** Seconds between two reports of progress; the server wants five a second at least. */
const PROGRESS = 0.12;
/** Seconds that a face waits with its mouth as it is for the sentence's next part. */
const PATIENCE = 0.25;
/** Samples around the ear whose energy is the level: 20 ms. */
const AROUND = 240;

/**
 * @typedef {object} Sentence what is known of a sentence that is being said
 * @property {string} cause names it
 * @property {string} text
 * @property {string} language
 * @property {string} origin
 * @property {{text: string, start: number, end: number, offset: number}[]} words
 * @property {object[]} cues of its parts so far
 * @property {Part[]} parts that are not over
 * @property {{handle: number, sample: number}} reached where it was heard last
 * @property {number} heard sample of its own clock up to which it was heard
 * @property {boolean} begun
 * @property {boolean} doomed cut: what waits of it will not be heard
 *
 * @typedef {object} Part
 * @property {number} handle
 * @property {number} part its number in the sentence
 * @property {number} start of the part on the sentence's clock
 * @property {boolean} last
 * @property {Int16Array} pcm
 * @property {Sentence} sentence
 * @property {number} from frame at which its first sample sounds; NaN before it began
 * @property {boolean} told that it began
 *
 * @typedef {object} Now what is heard
 * @property {Sentence} sentence
 * @property {number} handle
 * @property {number} sample of the sentence's clock
 * @property {number} level 0..1
 */

/**
 * Knows at any moment which sample of which sentence is heard, and tells the server. Events: `started`, `over` and
 * `cut`, with the sentence.
 */
export class Playback extends EventTarget {
  #report;
  /** @type {Map<string, Sentence>} */
  #sentences = new Map();
  /** @type {Part[]} in the order in which they sound */
  #parts = [];
  /** Parts that were heard to their end lately. @type {{handle: number, from: number, samples: number}[]} */
  #past = [];
  #progressed = 0;
  /** @type {{now: Now, until: number} | null} */
  #held = null;
  /** @type {Now | null} */
  now = null;
  /** What was reported since the page was opened. */
  counts = { started: 0, progress: 0, ended: 0, cut: 0 };

  /** @param {(played: {handle: number, sample: number, state: string}) => void} report */
  constructor(report) {
    super();
    this.#report = report;
  }

  /** Samples that wait or sound. */
  get waiting() {
    return this.#parts.reduce((sum, part) => sum + part.pcm.length, 0);
  }

  /** @returns {Part[]} what is not over, in order: to be taken up by another player */
  get left() {
    return [...this.#parts];
  }

  /**
   * @param {any} header the line of `play`
   * @param {Int16Array} pcm
   * @returns {Part}
   */
  order(header, pcm) {
    const sentence = this.#sentence(header);
    sentence.words.push(...(header.words ?? []));
    if (header.cues) sentence.cues.push(header.cues);
    const { handle, part, start, last } = header;
    const ordered = { handle, part, start, last, pcm, sentence, from: NaN, told: false };
    sentence.parts.push(ordered);
    this.#parts.push(ordered);
    return ordered;
  }

  /** @param {import('./partqueue.js').Event} event 'begin' */
  began({ handle, frame, sample }) {
    const part = this.#parts.find((one) => one.handle === handle);
    if (part) part.from = frame - sample;
  }

  /** A cut was ordered: what is ordered from now on is not meant by it. */
  doom() {
    for (const sentence of this.#sentences.values()) sentence.doomed = true;
  }

  /**
   * The loudspeaker fell silent at a cut: what it was given until then is heard to the end.
   * @param {import('./partqueue.js').Event} event
   */
  stopped({ handle, frame, sample }) {
    this.update(frame);
    if (handle && this.now?.handle === handle) this.now.sentence.reached = { handle, sample };
    for (const sentence of this.#drop((one) => one.doomed)) {
      const at = sentence.reached.handle ? sentence.reached : { handle: sentence.parts[0].handle, sample: 0 };
      this.#tell(at.handle, at.sample, 'cut');
      this.#say('cut', sentence);
    }
  }

  /** Nothing that waits will be heard, and nobody is told. */
  abandon() {
    for (const sentence of this.#drop(() => true)) this.#say('cut', sentence);
  }

  #drop(which) {
    const dropped = [...this.#sentences.values()].filter(which);
    for (const part of this.#parts) if (part.told && which(part.sentence)) this.#remember(part);
    this.#parts = this.#parts.filter((part) => !which(part.sentence));
    for (const { cause } of dropped) this.#sentences.delete(cause);
    this.now = this.#held = null;
    return dropped;
  }

  /** @param {number} audible the frame that is heard now */
  update(audible) {
    this.now = null;
    while (this.#parts.length > 0 && this.#hear(this.#parts[0], audible));
    if (!this.now && this.#held && performance.now() / 1000 < this.#held.until) this.now = this.#held.now;
  }

  /**
   * @param {number} frame that was given to the loudspeaker
   * @returns {{handle: number, sample: number}} handle 0: nothing was playing
   */
  at(frame) {
    const parts = [...this.#past, ...this.#parts.map(({ handle, from, pcm }) => ({ handle, from, samples: pcm.length }))];
    const part = parts.find(({ from, samples }) => frame >= from && frame < from + samples);
    return part ? { handle: part.handle, sample: Math.floor(frame - part.from) } : { handle: 0, sample: 0 };
  }

  /** @returns {boolean} whether the part is over and the next may be looked at */
  #hear(part, audible) {
    if (!(audible >= part.from)) return false;
    if (!part.told) this.#begin(part);
    const sample = Math.floor(audible - part.from);
    if (sample >= part.pcm.length) {
      this.#end(part);
      return true;
    }
    part.sentence.reached = { handle: part.handle, sample };
    part.sentence.heard = part.start + sample;
    this.now = { sentence: part.sentence, handle: part.handle, sample: part.start + sample, level: level(part.pcm, sample) };
    this.#progress(part.handle, sample);
    return false;
  }

  #begin(part) {
    part.told = true;
    this.#held = null;
    this.#progressed = performance.now() / 1000;
    if (part.part === 0) this.#tell(part.handle, 0, 'started');
    if (!part.sentence.begun) this.#say('started', part.sentence);
    part.sentence.begun = true;
  }

  #end(part) {
    const { sentence, handle, pcm, start } = part;
    this.#remember(part);
    this.#parts.shift();
    sentence.parts.shift();
    sentence.reached = { handle, sample: pcm.length };
    this.#tell(handle, pcm.length, 'ended');
    if (part.last) return this.#over(sentence);
    const now = { sentence, handle, sample: start + pcm.length, level: 0 };
    this.#held = { now, until: performance.now() / 1000 + PATIENCE };
    return undefined;
  }

  /** A microphone frame may come that was taken while this sounded. */
  #remember({ handle, from, pcm, sentence }) {
    const samples = sentence.doomed ? sentence.reached.sample : pcm.length;
    this.#past = [...this.#past.slice(-3), { handle, from, samples }];
  }

  #over(sentence) {
    this.#sentences.delete(sentence.cause);
    this.#say('over', sentence);
  }

  #progress(handle, sample) {
    const now = performance.now() / 1000;
    if (now - this.#progressed < PROGRESS) return;
    this.#progressed = now;
    this.#tell(handle, sample, 'progress');
  }

  #sentence({ cause, text, language, origin }) {
    const known = this.#sentences.get(cause);
    if (known) return known;
    const reached = { handle: 0, sample: 0 };
    const sentence = { cause, text, language, origin, words: [], cues: [], parts: [], reached };
    Object.assign(sentence, { heard: 0, begun: false, doomed: false });
    this.#sentences.set(cause, sentence);
    return sentence;
  }

  #tell(handle, sample, state) {
    this.counts[state] += 1;
    this.#report({ handle, sample, state });
  }

  #say(type, sentence) {
    this.dispatchEvent(new CustomEvent(type, { detail: sentence }));
  }
}

/** Loudness at the ear, 0..1: -50 dB is silence, -10 dB is loud. */
function level(pcm, sample) {
  const from = Math.max(0, sample - AROUND);
  const to = Math.min(pcm.length, sample + AROUND);
  let energy = 0;
  for (let i = from; i < to; i += 1) energy += pcm[i] * pcm[i];
  const loudness = 10 * Math.log10(energy / Math.max(1, to - from) / 32768 ** 2 + 1e-9);
  return Math.min(1, Math.max(0, (loudness + 50) / 40));
}
