/** Milliseconds after which a thought that never came to words is no longer shown. */
const PATIENCE = 60000;

/** @typedef {'nobody' | 'waiting' | 'hearing' | 'thinking' | 'speaking'} Phase */

/** Where the conversation is. Event: `phase`. */
export class Visit extends EventTarget {
  session = '';
  #hearing = false;
  #awaiting = 0;
  /** Origin of the sentence that is heard; '' for none. */
  #speaking = '';
  /** @type {Phase} */
  phase = 'nobody';

  /** @param {{type: string, session?: string, partial?: boolean}} message of the server */
  told(message) {
    const { type } = message;
    if (type === 'session_started') this.session = message.session ?? '?';
    if (type === 'session_ended') this.#end();
    if (type === 'speech_started') this.#hearing = true;
    if (type === 'speech_dropped') this.#hearing = false;
    if (type === 'turn_ended') this.asked();
    this.#judge();
  }

  /** @param {string} session as the server's welcome has it */
  welcomed(session) {
    this.#end();
    this.session = session;
    this.#judge();
  }

  /** A question is on its way. */
  asked() {
    this.#hearing = false;
    this.#awaiting = performance.now();
    setTimeout(() => this.#judge(), PATIENCE + 100);
    this.#judge();
  }

  /** @param {string} origin of the sentence that is heard; '' for none */
  speaking(origin) {
    if (origin === this.#speaking) return;
    this.#speaking = origin;
    if (origin && origin !== 'filler') this.#awaiting = 0;
    this.#judge();
  }

  /** Nothing will come of it: stopped, refused, or the server has gone. */
  gaveUp() {
    this.#awaiting = 0;
    this.#hearing = false;
    this.#judge();
  }

  get hearing() {
    return this.#hearing;
  }

  /** What the face does. @param {boolean} asleep @returns {string} a mood of the actor */
  mood(asleep) {
    if (this.phase === 'nobody') return asleep ? 'asleep' : 'idle';
    if (this.phase !== 'speaking') return this.phase === 'thinking' ? 'thinking' : 'listening';
    return { greeting: 'greeting', apology: 'sorry' }[this.#speaking] ?? 'speaking';
  }

  #end() {
    this.session = '';
    this.#hearing = false;
    this.#awaiting = 0;
  }

  #judge() {
    const phase = this.#phase();
    if (phase === this.phase) return;
    this.phase = phase;
    this.dispatchEvent(new Event('phase'));
  }

  #phase() {
    if (this.#speaking) return 'speaking';
    if (this.#hearing) return 'hearing';
    if (this.#awaiting && performance.now() - this.#awaiting < PATIENCE) return 'thinking';
    return this.session ? 'waiting' : 'nobody';
  }
}
