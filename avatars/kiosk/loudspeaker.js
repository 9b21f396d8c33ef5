import { Playback } from './playback.js';
import { SilentPlayer } from './silentplayer.js';
import { SoundPlayer } from './soundplayer.js';

/** Milliseconds that a browser gets to begin sounding by itself before it counts as not allowed to. */
const GRACE = 1000;
/** Milliseconds between two looks at a device that is not well. */
const MEND = 3000;

/**
 * The loudspeaker: what was ordered sounds in order, or passes in silence where it cannot sound. Events: `state`,
 * `heard` (about every 20 ms while something plays; also where no frames are drawn).
 */
export class Loudspeaker extends EventTarget {
  #silent = new SilentPlayer();
  /** @type {SoundPlayer | null} */
  #sound = null;
  /** @type {SilentPlayer | SoundPlayer} */
  #player = this.#silent;
  #opening = false;
  #ducked = false;
  #gain = 1;
  /** Output devices; -1: there are none left. */
  #outputs = 0;
  /** Of players that are gone. */
  #underruns = 0;
  #off;
  /** What was ordered, and what of it is heard. */
  playback;
  /** @type {'opening' | 'ok' | 'blocked' | 'lost' | 'muted' | 'insecure'} */
  state = 'opening';

  /**
   * @param {(played: object) => void} report
   * @param {boolean} off nothing shall sound
   */
  constructor(report, off) {
    super();
    this.#off = off;
    this.playback = new Playback(report);
    this.#silent.onreport = (told) => this.#reported(this.#silent, told);
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#count());
    setInterval(() => this.#look(), MEND);
    setTimeout(() => this.#choose(), GRACE);
  }

  get underruns() {
    return this.#underruns + this.#silent.underruns + (this.#sound?.underruns ?? 0);
  }

  /** Whether what is said is only to be read. */
  get off() {
    return this.#off;
  }

  set off(off) {
    this.#off = off;
    if (!off) this.open();
    this.#choose();
  }

  /** Take a sounding device, if there is one that may be used. */
  async open() {
    if (this.#off || this.#opening || this.#sound || !window.isSecureContext) return this.#choose();
    this.#opening = true;
    try {
      const sound = await SoundPlayer.open();
      this.#sound = sound;
      sound.onreport = (told) => this.#reported(sound, told);
      sound.onstate = () => this.#choose();
      sound.gain(this.#gain);
      sound.duck(this.#ducked);
      await Promise.race([sound.wake(), new Promise((resolve) => setTimeout(resolve, GRACE))]);
    } catch {
      this.#sound = null;
    } finally {
      this.#opening = false;
    }
    await this.#count();
    return this.#choose();
  }

  /** A visitor has touched the page: now the browser lets it sound. */
  async wake() {
    if (!this.#sound) await this.open();
    await this.#sound?.wake();
    this.#choose();
  }

  /**
   * @param {any} header
   * @param {Int16Array} pcm
   */
  play(header, pcm) {
    this.#put(this.playback.order(header, pcm), 0);
  }

  cut() {
    this.playback.doom();
    this.#player.cut();
  }

  /** The server has gone: it counts what was being said as cut, and nobody can be told anything. */
  hush() {
    this.#player.cut();
    this.playback.abandon();
  }

  /** @param {boolean} on */
  duck(on) {
    this.#ducked = on;
    this.#sound?.duck(on);
  }

  /** @param {number} gain */
  gain(gain) {
    this.#gain = gain;
    this.#sound?.gain(gain);
  }

  /** Look at what is heard now. @returns {import('./playback.js').Now | null} */
  listen() {
    this.playback.update(this.#player.audible());
    return this.playback.now;
  }

  /**
   * @param {number} at seconds on the page's clock
   * @returns {import('./frames.js').Playing} what was given to the loudspeaker then
   */
  handed(at) {
    return { ...this.playback.at(this.#player.handed(at)), latency: this.#player.latency };
  }

  #put(part, position) {
    const { handle, pcm, last } = part;
    this.#player.put({ handle, pcm, position, last });
  }

  #reported(player, { events }) {
    if (player !== this.#player) return;
    for (const event of events) {
      if (event.kind === 'begin') this.playback.began(event);
      if (event.kind === 'cut') this.playback.stopped(event);
    }
    this.listen();
    this.dispatchEvent(new Event('heard'));
  }

  #choose() {
    const player = this.#sound?.running && !this.#off ? this.#sound : this.#silent;
    if (player !== this.#player) this.#handOver(player);
    const state = this.#judge();
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }

  #judge() {
    if (this.#off) return 'muted';
    if (this.#player === this.#sound) return 'ok';
    if (!window.isSecureContext) return 'insecure';
    if (this.#opening) return 'opening';
    return this.#sound && !this.#sound.failed ? 'blocked' : 'lost';
  }

  /** Go on with another player where this one is. */
  #handOver(player) {
    const audible = this.#player.audible();
    this.playback.stopped({ kind: 'cut', handle: 0, frame: audible, sample: 0 });
    this.#player.clear();
    this.#player = player;
    for (const part of this.playback.left) {
      const position = Math.min(part.pcm.length, Math.max(0, Math.floor(audible - part.from) || 0));
      part.from = NaN;
      this.#put(part, position);
    }
  }

  async #look() {
    if (this.#off || !window.isSecureContext) return;
    if (this.#sound?.failed || this.#sound?.stalled()) this.#abandon();
    if (!this.#sound && this.#outputs >= 0) await this.open();
  }

  /** No output device left while there was one: sound goes nowhere, and no error is raised for it. */
  async #count() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const outputs = devices.filter(({ kind }) => kind === 'audiooutput').length;
    if (this.#outputs > 0 && outputs === 0) this.#lose();
    else if (outputs > 0 && this.#outputs < 0) this.#regain(outputs);
    else if (this.#outputs >= 0) this.#outputs = outputs;
  }

  #lose() {
    this.#outputs = -1;
    this.#abandon();
  }

  #regain(outputs) {
    this.#outputs = outputs;
    this.open();
  }

  #abandon() {
    const sound = this.#sound;
    if (!sound) return;
    sound.failed = true;
    this.#choose();
    this.#underruns += sound.underruns;
    this.#sound = null;
    sound.close();
    this.#choose();
  }
}
