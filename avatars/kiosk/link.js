import { decodePlay } from './frames.js';

/** Seconds before each next attempt; the last is repeated. */
const BACKOFF = [0.5, 1, 2, 4, 5];
/** Seconds without a word after which the server counts as gone. */
const SILENCE = 10;
const PING = 2.5;
/** Seconds that a server is left alone that said "too much". */
const TOO_MUCH = 60;
/** Seconds for which a server that said it restarts is believed, while nobody answers. */
const RESTART = 30;
/** Bytes waiting to leave beyond which sound is dropped: late sound is of no use. */
const STUFFED = 65536;

/** Close codes after which one must not come back by oneself. */
const FINAL = new Map([
  [4401, 'token'],
  [4404, 'unknown'],
  [4409, 'taken'],
  [4426, 'protocol'],
]);

/**
 * The WebSocket to the server, that comes back by itself. Events: `state` (see `state`, `why`), `message` (a JSON
 * object), `play` ({header, pcm}), `broken` (an Error: what came cannot be read).
 */
export class Link extends EventTarget {
  #url;
  #hello;
  /** @type {WebSocket | null} */
  #socket = null;
  #resume = '';
  #attempt = 0;
  #timer = 0;
  #heard = 0;
  #looked = 0;
  #pings = 0;
  /** Milliseconds of the page's clock until which it is restarting. */
  #restarting = 0;
  /** @type {'connecting' | 'open' | 'waiting' | 'ended'} `ended` needs a hand. */
  state = 'connecting';
  /** @type {'' | 'away' | 'offline' | 'busy' | 'restart' | 'token' | 'unknown' | 'taken' | 'protocol'} */
  why = '';
  /** The last close code, for the operator. */
  code = 0;

  /**
   * @param {URL | string} url
   * @param {() => {token: string, visitor: boolean}} hello
   */
  constructor(url, hello) {
    super();
    this.#url = url;
    this.#hello = hello;
    // A server on this very machine is there without a network: so it is asked, not given up.
    window.addEventListener('offline', () => this.#look());
    window.addEventListener('online', () => this.state === 'waiting' && this.connect());
    setInterval(() => this.#look(), PING * 1000);
  }

  /** Come in now, whatever was before. */
  connect() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#become('connecting', this.why);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    this.#heard = performance.now();
    socket.onopen = () => this.#enter();
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code }) => this.#closed(code);
  }

  /**
   * @param {object} message
   * @returns {boolean} whether it left
   */
  send(message) {
    if (!this.#ready) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * @param {ArrayBuffer} frame
   * @returns {boolean} whether it left
   */
  sound(frame) {
    if (!this.#ready || this.#socket.bufferedAmount > STUFFED) return false;
    this.#socket.send(frame);
    return true;
  }

  /** The other side may be closing already. */
  get #ready() {
    return this.state === 'open' && this.#socket.readyState === WebSocket.OPEN;
  }

  #enter() {
    const { token, visitor } = this.#hello();
    const hello = { type: 'hello', protocol: 1, client: 'kiosk/1', token: token || undefined };
    const back = this.#resume ? { resume: this.#resume, visitor } : {};
    this.#socket.send(JSON.stringify({ ...hello, ...back }));
  }

  #received(data) {
    this.#heard = performance.now();
    try {
      if (data instanceof ArrayBuffer) this.#tell('play', decodePlay(data));
      else this.#take(JSON.parse(data));
    } catch (error) {
      this.#tell('broken', error);
    }
  }

  #take(message) {
    if (message.type === 'pong') return;
    if (message.type === 'welcome') {
      this.#resume = message.resume ?? '';
      this.#attempt = 0;
      this.#restarting = 0;
      this.#become('open', '');
    }
    this.#tell('message', message);
  }

  #closed(code) {
    const final = FINAL.get(code);
    if (final) return this.#end(final, code);
    if (code === 1012) this.#restarting = performance.now() + RESTART * 1000;
    if (code === 4429) return this.#lost('busy', code, TOO_MUCH);
    return this.#lost(navigator.onLine ? 'away' : 'offline', code);
  }

  #end(why, code) {
    clearTimeout(this.#timer);
    this.#drop();
    this.#resume = '';
    this.code = code;
    this.#become('ended', why);
  }

  #lost(why, code, seconds = BACKOFF[Math.min(this.#attempt, BACKOFF.length - 1)]) {
    if (this.state === 'ended') return;
    this.#drop();
    this.#attempt += 1;
    this.code = code;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), seconds * 1000);
    this.#become('waiting', why === 'away' && performance.now() < this.#restarting ? 'restart' : why);
  }

  /** Not with 1000: that would end the visit. And a dead peer never says goodbye: nobody waits for it. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // One that is still opening is closed when it has opened, or the browser would complain.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(4000);
    else socket.close(4000);
  }

  #look() {
    const now = performance.now();
    // A window in the background is woken rarely: then the silence was ours.
    const slept = now - this.#looked > 2 * PING * 1000;
    this.#looked = now;
    if (!this.#socket) return;
    if (!slept && now - this.#heard > SILENCE * 1000) return this.#lost('away', 0);
    this.#pings += 1;
    this.send({ type: 'ping', n: this.#pings });
  }

  #become(state, why) {
    this.state = state;
    this.why = why;
    this.dispatchEvent(new Event('state'));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
