/**
 * The least or greatest of what was noted lately. Two clocks are compared by it: a message is late by chance but never
 * early, so the least delay of some seconds is the true one, and follows two crystals that drift apart.
 */
export class Extreme {
  #better;
  #span;
  #turn = -Infinity;
  #older = NaN;
  #newer = NaN;

  /**
   * @param {(a: number, b: number) => number} better Math.min or Math.max
   * @param {number} span seconds; what is older than twice that is forgotten
   */
  constructor(better, span) {
    this.#better = better;
    this.#span = span;
  }

  /**
   * @param {number} value
   * @param {number} now seconds
   */
  note(value, now) {
    if (now - this.#turn > this.#span) {
      this.#older = this.#newer;
      this.#newer = value;
      this.#turn = now;
    } else this.#newer = this.#better(this.#newer, value);
  }

  /** NaN before the first note. */
  get value() {
    return Number.isNaN(this.#older) ? this.#newer : this.#better(this.#older, this.#newer);
  }
}
