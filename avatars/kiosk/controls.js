import { TalkButton } from './talkbutton.js';
import { byId } from './elements.js';

/** Where a keyboard is likely. */
const KEYS = '(any-hover: hover) and (any-pointer: fine)';
/** Steps of the ring that shows how loud the visitor is: each costs a little drawing. */
const STEPS = 12;

/**
 * The hand on the controls. Events: `talk`, `mute`, `stop`, `mode` (detail: the new one), `language`, `sound`,
 * `captions`, `new`.
 */
export class Controls extends EventTarget {
  #words;
  #talk = byId('talk');
  #label = byId('talk-label');
  #hint = byId('talk-hint');
  #step = -1;
  #keys = matchMedia(KEYS).matches;
  /** What they show. */
  #shown = { mode: 'hands-free', muted: false, microphone: 'opening', hearing: false, sound: true, captions: true, wake: false };
  /** Nothing shall sound here: there is nothing to be switched. */
  silent = false;

  /** @param {import('./words.js').Words} words */
  constructor(words) {
    super();
    this.#words = words;
    this.talk = new TalkButton(this.#talk, document);
    this.talk.addEventListener('talk', () => this.#tell('talk'));
    this.talk.addEventListener('look', () => this.#draw());
    this.#talk.addEventListener('click', () => this.#clicked());
    for (const name of ['stop', 'language', 'sound', 'captions', 'new']) byId(`${name}-button`).onclick = () => this.#tell(name);
    byId('mode-button').onclick = () => this.#tell('mode', this.#nextMode());
    words.addEventListener('change', () => this.#draw());
    document.addEventListener('click', letGo);
    document.addEventListener('keydown', () => this.#typed());
  }

  /** @param {object} changed some of: mode, muted, microphone, hearing, sound, captions, wake */
  show(changed) {
    Object.assign(this.#shown, changed);
    this.#draw();
  }

  /** @param {number} level root mean square of what is heard, 0..1 */
  level(level) {
    const step = Math.min(STEPS, Math.round(STEPS * Math.sqrt(level) * 1.6));
    if (step === this.#step) return;
    this.#step = step;
    this.#talk.style.setProperty('--level', String(step / STEPS));
  }

  /** There is a keyboard. */
  #typed() {
    if (this.#keys) return;
    this.#keys = true;
    this.#draw();
  }

  /** Without holding: the button is the microphone's switch. */
  #clicked() {
    if (this.#shown.mode !== 'push-to-talk') this.#tell('mute');
  }

  #nextMode() {
    const modes = ['hands-free', 'push-to-talk', ...(this.#shown.wake ? ['wake-phrase'] : [])];
    return modes[(modes.indexOf(this.#shown.mode) + 1) % modes.length];
  }

  #draw() {
    const { mode, muted, microphone, sound, captions } = this.#shown;
    const holding = mode === 'push-to-talk';
    const usable = ['ok', 'muted', 'blocked', 'opening'].includes(microphone);
    this.talk.enabled = holding && usable;
    this.#talk.disabled = !usable;
    this.#talk.dataset.state = this.#state(usable);
    this.#talk.ariaPressed = String(holding ? this.talk.on : !muted);
    this.#say(this.#key(usable));
    this.#hint.hidden = !(holding && usable && this.#keys);
    byId('mode-label').textContent = this.#words.of(`mode-${mode}`);
    byId('sound-button').hidden = this.silent;
    byId('sound-button').ariaPressed = String(sound);
    byId('captions-button').ariaPressed = String(captions);
    byId('captions-button').disabled = !sound;
  }

  #state(usable) {
    const { mode, muted, hearing } = this.#shown;
    if (!usable) return 'none';
    if (mode === 'push-to-talk') return this.talk.on ? 'hearing' : 'ready';
    if (muted) return 'off';
    return hearing ? 'hearing' : 'open';
  }

  #key(usable) {
    const { mode, muted, hearing } = this.#shown;
    if (!usable) return 'noMic';
    if (mode === 'push-to-talk') return this.talk.latched ? 'again' : this.talk.on ? 'release' : 'hold';
    if (muted) return 'micOff';
    if (hearing) return 'hearing';
    return mode === 'wake-phrase' ? 'wakeMe' : 'justTalk';
  }

  #say(key) {
    const text = this.#words.of(key);
    if (this.#label.textContent !== text) this.#label.textContent = text;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A button that was touched keeps no focus, or the space bar would press it again. @param {MouseEvent} event */
function letGo({ detail, target }) {
  if (detail > 0 && target instanceof Element) /** @type {HTMLElement | null} */ (target.closest('button'))?.blur();
}
