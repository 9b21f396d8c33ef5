/**
 * An element with text and attributes. Text goes in as text, never as HTML.
 * @param {string} tag
 * @param {Record<string, string | boolean>} [attributes] `class`, `data-t`, `hidden`…
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

/**
 * @param {string} id
 * @returns {any} the element of that id: the page's own, so it is there
 */
export function byId(id) {
  return document.getElementById(id);
}
