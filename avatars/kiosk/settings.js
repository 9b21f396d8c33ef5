/** What the address says about this screen. */
export class Settings {
  /**
   * @param {Location} location `?screen=NAME&lang=zh|en&captions=only&microphone=LABEL&trace#token=…`
   * @param {Storage} storage where the token is kept for this window's life
   * @param {History} history
   */
  constructor(location, storage, history) {
    const query = new URLSearchParams(location.search);
    /** The screen's name in the server's config. */
    this.screen = query.get('screen') || 'kiosk';
    /** @type {'zh' | 'en' | ''} '' where the server decides. */
    this.language = ['zh', 'en'].includes(query.get('lang') ?? '') ? /** @type {'zh' | 'en'} */ (query.get('lang')) : '';
    /** Nothing sounds; what is said is read. */
    this.captionsOnly = query.get('captions') === 'only';
    /** Part of the wanted microphone's label; '' takes the system's. */
    this.microphone = query.get('microphone') ?? '';
    /** Note lips and sound of every frame, for tests. */
    this.trace = query.has('trace');
    this.token = this.#token(location, storage, history);
  }

  /**
   * @param {string} base address of the page
   * @returns {URL} of the screen's WebSocket
   */
  socket(base) {
    const url = new URL(`screen/${encodeURIComponent(this.screen)}`, base);
    url.protocol = url.protocol.replace('http', 'ws');
    return url;
  }

  /** A token in the address would be read over a shoulder, and stay in the history: it is taken out at once. */
  #token(location, storage, history) {
    const key = `visavis-token:${this.screen}`;
    const given = new URLSearchParams(location.hash.slice(1)).get('token');
    if (given === null) return storage.getItem(key) ?? '';
    storage.setItem(key, given);
    history.replaceState(null, '', location.pathname + location.search);
    return given;
  }
}
