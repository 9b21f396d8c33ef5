/** Which turns are shown: by their wait, by what went wrong, by their words. The address keeps it. */

class Filter {
  constructor(form, cards, slow, changed) {
    this.form = form;
    this.cards = cards;
    this.slow = slow;
    this.changed = changed;
    this.words = new Map();
    form.elements.over.placeholder = slow === null ? "" : slow.toFixed(3);
    form.addEventListener("input", () => this.apply());
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** What the address says. */
  restore(wanted) {
    const { elements } = this.form;
    if ([...elements.show].some((choice) => choice.value === wanted.get("show"))) elements.show.value = wanted.get("show");
    elements.over.value = wanted.get("over") ?? "";
    elements.q.value = wanted.get("q") ?? "";
    this.apply();
  }

  /** Seconds beyond which a turn is slow. */
  get limit() {
    const typed = this.form.elements.over.value;
    return typed === "" ? (this.slow ?? Infinity) : Number(typed);
  }

  has(card, what) {
    if (what === "slow") return card.dataset.gap !== undefined && Number(card.dataset.gap) >= this.limit;
    return what === "all" || card.dataset[what] === "1";
  }

  says(card, query) {
    if (!query) return true;
    if (!this.words.has(card)) this.words.set(card, card.textContent.toLowerCase());
    return this.words.get(card).includes(query);
  }

  apply() {
    const { elements } = this.form;
    const [what, query] = [elements.show.value, elements.q.value.trim().toLowerCase()];
    let shown = 0;
    for (const card of this.cards) {
      const wanted = this.has(card, what) && this.says(card, query);
      card.hidden = !wanted;
      shown += wanted;
    }
    for (const place of this.form.querySelectorAll("[data-count]")) {
      place.textContent = this.cards.filter((card) => this.has(card, place.dataset.count)).length;
    }
    elements.shown.value = `${shown} / ${this.cards.length}`;
    document.body.classList.toggle("filtered", shown < this.cards.length);
    document.querySelector(".none").hidden = shown > 0 || !this.cards.length;
    this.changed({ show: what === "all" ? "" : what, over: elements.over.value, q: elements.q.value });
  }
}

