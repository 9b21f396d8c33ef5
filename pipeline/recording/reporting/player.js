/** One player for the page: it plays on over turns, moves the faces by the cues, and shows where it is. */

class Player {
  constructor(box, sides, names) {
    this.box = box;
    this.sides = sides;
    this.names = names;
    this.side = null;
    this.until = null;
    this.button = box.querySelector(".toggle");
    this.range = box.querySelector("input");
    this.time = box.querySelector("time");
    this.where = box.querySelector(".where");
    this.face = new Face(box.querySelector(".portrait"), names);
    this.shown = [];
    this.button.addEventListener("click", () => this.toggle());
    this.range.addEventListener("input", () => this.seek(this.side ?? 0, Number(this.range.value)));
    for (const side of sides) {
      for (const name of ["play", "pause", "ended", "seeked", "timeupdate"]) {
        side.audio.addEventListener(name, () => this.update());
      }
      side.audio.addEventListener("play", () => this.run());
    }
    box.hidden = !sides.some((side) => side.sounding);
    document.body.classList.toggle("sounding", !box.hidden);
    this.choose(sides.findIndex((side) => side.sounding));
  }

  get audio() {
    return this.sides[this.side]?.audio;
  }

  choose(number) {
    if (number < 0 || this.side === number) return;
    this.audio?.pause();
    this.side = number;
    this.range.max = this.sides[number].length;
    this.update();
  }

  /** Hear a recording from `ms`; with `until`, no further than there. */
  from(number, ms, until = null) {
    if (!this.sides[number]?.sounding) return;
    this.seek(number, ms);
    this.until = until;
    this.start();
  }

  /** A pause may come before the first sound does: that is no error. */
  start() {
    this.audio.play().catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
  }

  seek(number, ms) {
    this.choose(number);
    this.sides[number].load();
    this.until = null;
    this.audio.currentTime = Math.max(0, ms / 1000);
    this.update();
  }

  toggle() {
    if (this.side === null) return;
    this.sides[this.side].load();
    if (this.until !== null && this.now >= this.until) this.until = null;
    if (this.audio.paused) this.start();
    else this.audio.pause();
  }

  run() {
    const step = () => {
      if (this.audio.paused) return;
      this.update();
      if (this.until !== null && this.now >= this.until) this.audio.pause();
      requestAnimationFrame(step);
    };
    step();
  }

  get now() {
    return this.audio.currentTime * 1000;
  }

  update() {
    const side = this.sides[this.side];
    if (!side) return;
    const { now } = this;
    const idle = this.audio.paused && now === 0;
    this.button.textContent = this.audio.paused ? "▶" : "❚❚";
    this.range.value = now;
    this.time.textContent = clock(now);
    const turns = idle ? [] : side.at(now);
    this.faces(turns, this.audio.paused ? null : now);
    this.heads(turns, now, idle);
  }

  /** The page's face and those of the cards in which the moment lies. */
  faces(turns, moment) {
    const poses = turns.flatMap((turn) => turn.mouth);
    this.face.smile = turns.at(-1)?.smile ?? 0.35;
    this.face.at(moment, poses);
    for (const turn of new Set([...this.shown, ...turns])) {
      const svg = turn.card?.querySelector(".portrait");
      if (svg) (turn.face ??= new Face(svg, this.names)).at(turns.includes(turn) ? moment : null, turn.mouth);
    }
  }

  /** Lines that run over the pictures. */
  heads(turns, now, idle) {
    for (const turn of this.shown) if (!turns.includes(turn)) turn.box?.classList.remove("playing");
    for (const turn of turns) {
      const head = turn.box?.querySelector(".head");
      if (!head) continue;
      turn.box.classList.add("playing");
      head.style.left = `${(100 * (now - turn.span[0])) / (turn.span[1] - turn.span[0])}%`;
    }
    this.sides.forEach((side, number) => {
      side.glance?.classList.toggle("playing", !idle && number === this.side);
      if (side.glance && number === this.side) side.glance.querySelector(".head").style.left = `${(100 * now) / side.length}%`;
    });
    this.follow(turns);
    this.shown = turns;
  }

  /** The next card comes into sight when the one that was heard until now was in sight. */
  follow(turns) {
    const [last, next] = [this.shown.at(-1), turns.at(-1)];
    if (!next || next === last) return;
    this.where.replaceChildren(...[...next.card.querySelector("h2").childNodes].map((node) => node.cloneNode(true)));
    if (this.audio.paused || !last || [last, next].some((turn) => turn.card.closest("article").hidden)) return;
    const { top, bottom } = last.card.getBoundingClientRect();
    if (bottom > 0 && top < innerHeight) next.card.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
}

