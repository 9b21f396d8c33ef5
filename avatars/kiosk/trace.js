const ROWS = 20000;

/** Lips and sound, frame by frame, for tests of their being together. It forgets the oldest. */
export class Trace {
  #rows = [];
  #next = 0;

  /**
   * @param {number} sample that is heard, of the sentence's clock
   * @param {string} cause the sentence
   * @param {number} opening of the mouth drawn, 0..1
   */
  add(sample, cause, opening) {
    this.#rows[this.#next % ROWS] = [sample, cause, opening];
    this.#next += 1;
  }

  /** @returns {[number, string, number][]} oldest first */
  get rows() {
    const at = this.#next % ROWS;
    return this.#next > ROWS ? [...this.#rows.slice(at), ...this.#rows.slice(0, at)] : [...this.#rows];
  }
}
