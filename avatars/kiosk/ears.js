import { FRAME, encodeMicrophone } from './frames.js';

/** Decides what of the microphone leaves for the server, and sends it. Event: `level` (detail: 0..1). */
export class Ears extends EventTarget {
  #link;
  #loudspeaker;
  #next = NaN;
  mode = 'hands-free';
  muted = false;
  /** The talk button is held. */
  talking = false;
  /** Frames that left. */
  sent = 0;

  /**
   * @param {import('./microphone.js').Microphone} microphone
   * @param {import('./link.js').Link} link
   * @param {import('./loudspeaker.js').Loudspeaker} loudspeaker
   */
  constructor(microphone, link, loudspeaker) {
    super();
    this.#link = link;
    this.#loudspeaker = loudspeaker;
    microphone.addEventListener('frame', (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
  }

  /** Whether the visitor's voice is wanted now. */
  get open() {
    return !this.muted && (this.mode !== 'push-to-talk' || this.talking);
  }

  /** @param {import('./microphone.js').Frame} frame */
  #hear({ pcm, number, gap, at, level }) {
    this.dispatchEvent(new CustomEvent('level', { detail: this.open ? level : 0 }));
    if (!this.open) return;
    const missing = gap || (this.sent > 0 && number !== this.#next);
    if (!this.#link.sound(encodeMicrophone(pcm, number, missing, this.#loudspeaker.handed(at)))) return;
    this.#next = number + FRAME;
    this.sent += 1;
  }
}
