/** A damped spring in one dimension: hair, earrings and shoulders come after the head. */
export class Spring {
  /**
   * @param {number} hz how fast it swings
   * @param {number} damping 1 does not overshoot
   */
  constructor(hz, damping) {
    this.stiffness = (2 * Math.PI * hz) ** 2;
    this.friction = 2 * damping * 2 * Math.PI * hz;
    this.value = 0;
    this.speed = 0;
  }

  /**
   * @param {number} target
   * @param {number} seconds since the last step; a long pause is not caught up with
   */
  step(target, seconds) {
    let left = Math.min(seconds, 0.1);
    while (left > 1e-4) {
      const span = Math.min(left, 1 / 120);
      this.speed += (this.stiffness * (target - this.value) - this.friction * this.speed) * span;
      this.value += this.speed * span;
      left -= span;
    }
    return this.value;
  }
}
