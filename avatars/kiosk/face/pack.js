/** A pack as it was fetched; any number of faces can be made of one. */
export class Pack {
  /**
   * @param {string} url
   * @param {object} facts `avatar.json`
   * @param {Map<string, {art: string, motion: object}>} moving by layer: the SVG's text and how it moves
   */
  constructor(url, facts, moving) {
    this.url = url;
    this.facts = facts;
    this.moving = moving;
    this.made = 0;
  }

  /**
   * @param {string} baseUrl of the pack, e.g. `/avatars/mei`
   * @returns {Promise<Pack>}
   */
  static async load(baseUrl) {
    const url = baseUrl.replace(/\/$/, '');
    const facts = await (await fetched(`${url}/avatar.json`)).json();
    const moving = facts.layers.filter((layer) => layer.motion).map(async (layer) => {
      const [art, motion] = await Promise.all([
        fetched(`${url}/${layer.art}`).then((answer) => answer.text()),
        fetched(`${url}/${layer.motion}`).then((answer) => answer.json()),
      ]);
      return [layer.id, { art, motion }];
    });
    return new Pack(url, facts, new Map(await Promise.all(moving)));
  }

  /**
   * The picture of a layer that moves, and how it does. Ids are made its own: two faces on one page share none.
   * @param {string} id
   * @returns {{svg: SVGSVGElement, motion: object, prefix: string}}
   */
  moved(id) {
    const { art, motion } = this.moving.get(id);
    this.made += 1;
    const prefix = `v${this.made}-`;
    const text = art.replaceAll(' id="', ` id="${prefix}`).replaceAll('url(#', `url(#${prefix}`);
    const svg = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    return { svg: /** @type {any} */ (document.importNode(svg, true)), motion, prefix };
  }

  /** @param {string} file of the pack */
  picture(file) {
    const element = new Image();
    element.src = `${this.url}/${file}`;
    element.alt = '';
    element.draggable = false;
    return element;
  }
}

/** @param {string} address */
async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  return answer;
}
