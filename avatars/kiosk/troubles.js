/** Milliseconds that a lost connection may take to come back before anything is said about it. */
const BLINK = 700;
/** Milliseconds without a face before the page loads itself anew. */
const FACELESS = 300000;
/** Milliseconds before a page that is too old for its server loads itself anew. */
const OLD = 60000;

/** Frames that a visitor has caused; a refusal of others is no matter of theirs. */
const ASKED = ['typed', 'talk', 'control', 'new'];
/** Lines of the log in a minute: an error in every frame must not flood the operator. */
const LINES = 10;

/** Reasons of a connection that need a hand, and what the button does. */
const BUTTONS = { taken: 'here', token: 'retry', unknown: 'retry' };

/** Turns what is wrong with devices, link and face into notices for the visitor and reports for the operator. */
export class Troubles {
  #parts;
  #timer = 0;
  #faceless = 0;
  #minute = 0;
  #lines = 0;
  /** How the connection was lost, until it is back. */
  #lost = '';
  /** The page is being closed: its devices go with it, and are well. */
  #leaving = false;

  /**
   * @param {object} parts
   * @param {import('./link.js').Link} parts.link
   * @param {import('./microphone.js').Microphone} parts.microphone
   * @param {import('./loudspeaker.js').Loudspeaker} parts.loudspeaker
   * @param {import('./notices.js').Notices} parts.notices
   * @param {import('./watchdog.js').Watchdog} parts.watchdog
   */
  constructor(parts) {
    this.#parts = parts;
    parts.link.addEventListener('state', () => this.#link());
    parts.microphone.addEventListener('state', () => this.#devices());
    parts.loudspeaker.addEventListener('state', () => this.#devices());
    for (const kind of ['pagehide', 'pageshow']) window.addEventListener(kind, () => (this.#leaving = kind === 'pagehide'));
  }

  /** The server has to know how the devices are, also after it was away. */
  report() {
    if (this.#leaving) return;
    const { link, microphone, loudspeaker } = this.#parts;
    const heard = { muted: 'lost', opening: undefined, blocked: undefined };
    const sounds = { insecure: 'blocked', opening: undefined };
    link.send({
      type: 'device',
      microphone: microphone.state in heard ? heard[microphone.state] : microphone.state,
      loudspeaker: loudspeaker.state in sounds ? sounds[loudspeaker.state] : loudspeaker.state,
    });
  }

  /** @param {Error | null} error null: she is there */
  face(error) {
    this.#parts.notices.set('face', error && { key: 'face-gone', code: error.message });
    clearTimeout(this.#faceless);
    if (!error) return;
    this.log('error', `face: ${error.message}`);
    // A module that could not be had once is not asked for again by a browser: only a new page does.
    this.#faceless = setTimeout(() => this.#parts.watchdog.want('no face'), FACELESS);
  }

  /** @param {{about: string, code: string, text: string}} refused by the server */
  refused({ about, code, text }) {
    if (!ASKED.includes(about)) return;
    this.log('warning', `refused ${about}: ${code}: ${text}`);
    const key = code === 'screen-often' ? 'often' : about === 'typed' ? 'refused-typed' : 'refused';
    this.#parts.notices.flash('refused', { key, alert: true, code: `${code}: ${text}` });
  }

  /** @param {string} level @param {string} text for the operator */
  log(level, text) {
    const minute = Math.floor(performance.now() / 60000);
    if (minute !== this.#minute) this.#lines = 0;
    this.#minute = minute;
    this.#lines += 1;
    if (this.#lines <= LINES) this.#parts.link.send({ type: 'log', level, text: text.slice(0, 500) });
  }

  #link() {
    const { link } = this.#parts;
    if (link.state === 'waiting') this.#waiting();
    if (link.state === 'open') this.#back();
    if (link.state === 'ended') this.#ended();
    this.#parts.watchdog[link.state === 'open' ? 'linked' : 'unlinked']();
  }

  #waiting() {
    if (this.#parts.notices.has('link')) return this.#away();
    this.#timer ||= setTimeout(() => this.#away(), BLINK);
    this.#lost ||= this.#how();
    return undefined;
  }

  /** It is open again: now the operator can be told. */
  #back() {
    this.#settle();
    if (this.#lost) this.log('info', `link was lost: ${this.#lost}`);
    this.#lost = '';
  }

  #settle() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#parts.notices.set('link', null);
  }

  #how() {
    return `${this.#parts.link.why} ${this.#parts.link.code}`;
  }

  #away() {
    const { link, notices } = this.#parts;
    if (!link.why) return;
    notices.set('link', { key: `link-${link.why}`, alert: true, code: link.code ? String(link.code) : '' });
  }

  #ended() {
    this.#settle();
    this.#lost = this.#how();
    const { link, notices, watchdog } = this.#parts;
    const button = BUTTONS[link.why];
    const act = () => link.connect();
    notices.set('link', { key: `link-${link.why}`, grave: true, alert: true, code: String(link.code), button, act });
    if (link.why === 'protocol') setTimeout(() => watchdog.want('protocol'), OLD);
  }

  #devices() {
    const { microphone, loudspeaker, notices } = this.#parts;
    const insecure = microphone.state === 'insecure';
    const words = ['denied', 'none', 'lost', 'muted', 'insecure'];
    notices.set('microphone', words.includes(microphone.state) ? { key: `mic-${microphone.state}`, alert: true } : null);
    const silent = ['blocked', 'lost'].includes(loudspeaker.state) && !insecure;
    notices.set('sound', silent ? { key: `sound-${loudspeaker.state}`, alert: true } : null);
    this.report();
  }
}
