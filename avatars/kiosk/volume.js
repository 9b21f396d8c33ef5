/** dB of the room at which the voice is played as it is, and how many dB it follows. */
const QUIET = -55;
const LOUD = -30;
const RISE = 5;
const FALL = -4;
/** Share of a new measurement: fast down to the floor between noises, slowly up. */
const DOWN = 0.05;
const UP = 0.004;
/** Seconds after the last sound of either side before the room is measured again. */
const SETTLED = 0.6;

/** The loudness of the voice follows the noise of the room, within bounds. Measured while nobody speaks. */
export class Volume {
  #noise = QUIET;
  #busy = 0;

  /** Somebody speaks, or she does. */
  busy() {
    this.#busy = performance.now() / 1000;
  }

  /**
   * @param {number} level of a microphone frame, root mean square
   * @returns {number | null} the new gain, or null while it is not the time to measure
   */
  hear(level) {
    if (performance.now() / 1000 - this.#busy < SETTLED || level <= 0) return null;
    const loudness = 20 * Math.log10(level);
    this.#noise += (loudness < this.#noise ? DOWN : UP) * (loudness - this.#noise);
    return this.gain;
  }

  /** 0.63 … 1.78 */
  get gain() {
    const share = Math.min(1, Math.max(0, (this.#noise - QUIET) / (LOUD - QUIET)));
    return 10 ** ((FALL + share * (RISE - FALL)) / 20);
  }
}
