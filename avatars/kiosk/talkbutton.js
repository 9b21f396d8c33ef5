/** Milliseconds: a shorter touch latches, since not everybody can hold a finger still. */
const TAP = 350;
/** Milliseconds after which a forgotten latch lets go. */
const FORGOTTEN = 30000;

/**
 * Push-to-talk by pointer, by the button's own keys and by the space bar. Events: `talk` (see `on`), `look` (it has to
 * be drawn anew).
 */
export class TalkButton extends EventTarget {
  #button;
  #pressed = 0;
  #timer = 0;
  /** Whether the visitor is to be heard. */
  on = false;
  /** It stays on without being held. */
  latched = false;
  /** In other modes the button does something else. */
  enabled = false;

  /**
   * @param {HTMLButtonElement} button
   * @param {Document} page
   */
  constructor(button, page) {
    super();
    this.#button = button;
    button.addEventListener('pointerdown', (event) => this.#grasp(event));
    for (const kind of ['pointerup', 'pointercancel', 'lostpointercapture']) button.addEventListener(kind, () => this.#up());
    button.addEventListener('contextmenu', (event) => event.preventDefault());
    page.addEventListener('keydown', (event) => this.#key(event));
    page.addEventListener('keyup', (event) => this.#lifted(event));
    window.addEventListener('blur', () => this.release());
  }

  /** Let go, whatever is pressed. */
  release() {
    this.#pressed = 0;
    this.#set(false, false);
  }

  #grasp(event) {
    if (!this.enabled) return;
    // Where a finger slides off the button it is still held. A pointer that a test made up cannot be captured.
    if (event.isTrusted) this.#button.setPointerCapture(event.pointerId);
    this.#down();
  }

  #key(event) {
    if (!this.enabled || !isTalkKey(event, this.#button)) return;
    event.preventDefault();
    if (!event.repeat) this.#down();
  }

  /** Wherever the focus is by now. */
  #lifted(event) {
    if (!this.#pressed || !['Space', 'Enter'].includes(event.code)) return;
    event.preventDefault();
    this.#up();
  }

  #down() {
    if (this.latched) return this.release();
    this.#pressed = performance.now();
    return this.#set(true, false);
  }

  #up() {
    if (!this.#pressed) return;
    const tapped = performance.now() - this.#pressed < TAP;
    this.#pressed = 0;
    this.#set(tapped, tapped);
  }

  #set(on, latched) {
    clearTimeout(this.#timer);
    if (on) this.#timer = setTimeout(() => this.release(), FORGOTTEN);
    const changed = on !== this.on;
    this.on = on;
    this.latched = latched;
    this.dispatchEvent(new Event('look'));
    if (changed) this.dispatchEvent(new Event('talk'));
  }
}

/** The space bar, unless it means something where the focus is: in a text, and on a button that was reached by keys. */
function isTalkKey(event, button) {
  if (event.target === button) return event.code === 'Space' || event.code === 'Enter';
  return event.code === 'Space' && !event.target.closest?.('input, textarea, select, :is(button, a):focus-visible');
}
