/** The report's page. All words can be read without it. */

const root = document.documentElement;
const { sides: recorded, slow, mouths } = JSON.parse(document.getElementById("numbers").textContent);

/** A recording: what is drawn of it, and its sound, which is put together when there is time or need. */
class Side {
  constructor(numbers, number) {
    Object.assign(this, numbers);
    for (const name of ["visitor", "avatar", "voice"]) this[name] = bytes(numbers[name]);
    this.number = number;
    this.audio = new Audio();
    this.parts = [];
    this.glance = document.querySelector(`.visit[data-side="${number}"]`);
  }

  /** The pieces of its sound stand behind this script. */
  collect() {
    this.waiting = [...document.querySelectorAll(`.sound-${this.number}`)];
    this.sounding = this.waiting.length > 0;
  }

  decode() {
    const element = this.waiting.shift();
    if (element) this.parts.push(Uint8Array.fromBase64?.(element.textContent) ?? bytes(element.textContent));
    element?.remove();
    if (this.waiting.length || !this.sounding || this.audio.src) return;
    this.audio.src = URL.createObjectURL(new Blob(this.parts, { type: "audio/ogg" }));
    this.parts = [];
  }

  load() {
    while (this.sounding && !this.audio.src) this.decode();
  }

  /** The turns in which the moment lies: the visitor may speak while the last answer still sounds. */
  at(ms) {
    let [low, high] = [0, this.turns.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.turns[middle].span[0] <= ms) low = middle + 1;
      else high = middle;
    }
    return this.turns.slice(Math.max(0, low - 3), low).filter((turn) => turn.span[1] >= ms);
  }

  drawGlance() {
    if (!this.glance) return;
    this.glance.querySelectorAll("svg").forEach((svg) => svg.remove());
    const most = Math.max(200, Math.round(this.glance.clientWidth));
    this.glance.prepend(wave(this.visitor, 0, this.length, "visitor", most), wave(this.avatar, 0, this.length, "avatar", most));
    document.querySelector(`.length .end[data-side="${this.number}"]`).textContent = clock(this.length);
  }
}

const sides = recorded.map((numbers, number) => new Side(numbers, number));
const cards = [...document.querySelectorAll("article")];
for (const place of document.querySelectorAll(".side")) {
  const turn = sides[place.dataset.side].turns[place.dataset.turn];
  turn.card = sides.length > 1 ? place : place.closest("article");
  turn.box = place.querySelector(".timeline");
}

function draw(box) {
  const side = sides[box.dataset.side];
  drawTimeline(box, side, side.turns[box.dataset.turn], mouths);
}

/** Pictures are drawn when they come near and given up when they are far, so that an hour stays light. */
const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    for (const box of target.querySelectorAll(".timeline")) {
      if (isIntersecting && !box.firstChild) draw(box);
      else if (!isIntersecting && box.firstChild) {
        box.style.minHeight = `${box.offsetHeight}px`;
        box.replaceChildren();
      }
    }
  }
}, { rootMargin: "900px 0px" });
cards.forEach((card) => near.observe(card));

let drawnWidth = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === drawnWidth) return;
  drawnWidth = innerWidth;
  document.querySelectorAll(".timeline").forEach((box) => box.firstChild && draw(box));
  sides.forEach((side) => side.drawGlance());
});
addEventListener("beforeprint", () => {
  document.querySelectorAll("article:not([hidden]) .timeline").forEach((box) => box.firstChild || draw(box));
});

/** The address: the filter, and a language that was chosen. `#zh`, `#en`, `#both` are a language alone. */
const wanted = location.hash.slice(1);
const kept = new URLSearchParams(wanted.includes("=") ? wanted : "");
if (["zh", "en", "both"].includes(wanted)) kept.set("lang", wanted);
let filtering = {};

function keep() {
  const said = new URLSearchParams(Object.entries({ ...filtering, lang: kept.get("lang") ?? "" }).filter(([, value]) => value));
  if (wanted.startsWith("turn-") && !String(said)) return;
  if (location.hash.slice(1) !== String(said)) history.replaceState(null, "", `#${said}`);
}

function show(language) {
  root.dataset.show = language;
  root.lang = language === "zh" ? "zh" : "en";
  for (const button of document.querySelectorAll(".switch button")) {
    button.setAttribute("aria-pressed", String(button.dataset.to === language));
  }
  document.querySelectorAll(".timeline").forEach((box) => box.firstChild && draw(box));
}

for (const button of document.querySelectorAll(".switch button")) {
  button.addEventListener("click", () => {
    kept.set("lang", button.dataset.to);
    show(button.dataset.to);
    keep();
  });
}
const chosen = kept.get("lang");
show(["zh", "en", "both"].includes(chosen) ? chosen : navigator.language.startsWith("zh") ? "zh" : "en");

const filter = new Filter(document.querySelector(".filter"), cards, slow, (found) => {
  filtering = found;
  keep();
});
filter.restore(kept);

let player = null;
document.addEventListener("DOMContentLoaded", () => {
  sides.forEach((side) => side.collect());
  player = new Player(document.querySelector(".player"), sides, mouths.map(([name]) => name));
  sides.forEach((side) => side.drawGlance());
  const later = () => {
    const side = sides.find((one) => one.sounding && !one.audio.src);
    side?.decode();
    if (side) requestIdleCallback(later);
  };
  requestIdleCallback(later);
});

function moment(event, track, start, end) {
  const { left, width } = track.getBoundingClientRect();
  return start + Math.max(0, Math.min(1, (event.clientX - left) / width)) * (end - start);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".play");
  const box = event.target.closest(".timeline");
  const glance = event.target.closest(".visit");
  if (button) {
    player.from(Number(button.closest(".side").dataset.side), Number(button.dataset.at), Number(button.dataset.until));
  } else if (box?.firstChild) {
    const turn = sides[box.dataset.side].turns[box.dataset.turn];
    player.from(Number(box.dataset.side), moment(event, box.querySelector(".track"), ...turn.span));
  } else if (glance) {
    event.preventDefault();
    const side = sides[glance.dataset.side];
    const at = moment(event, glance, 0, side.length);
    (side.at(at).at(-1) ?? side.turns.find((turn) => turn.span[0] >= at))?.card.scrollIntoView({ block: "center" });
    player.from(side.number, at);
  }
});

/** The player's keys hold wherever the focus is, but where one writes or chooses; Enter is left to buttons and links. */
function steers(event) {
  const field = event.target.closest?.("input, textarea, select");
  const other = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || (field && field.type !== "range");
  return !other && (player?.side ?? null) !== null && [" ", "ArrowLeft", "ArrowRight"].includes(event.key);
}

document.addEventListener("keydown", (event) => {
  if (!steers(event)) return;
  event.preventDefault();
  if (event.key !== " ") player.seek(player.side, player.now + (event.key === "ArrowLeft" ? -5000 : 5000));
  else if (!event.repeat) player.toggle();
});

/** Some browsers press a button when the space bar is let go. */
document.addEventListener("keyup", (event) => {
  if (event.key === " " && steers(event)) event.preventDefault();
});

/** What lies under the pointer: a bar, a mark, or the mouth's shape at that moment. */
const tip = document.querySelector(".tip");
document.addEventListener("pointermove", (event) => {
  const text = event.target.closest?.("[data-m]")?.dataset.m ?? mouthAt(event);
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  tip.style.left = `${Math.max(80, Math.min(innerWidth - 80, event.clientX))}px`;
  tip.style.top = `${event.clientY}px`;
});

function mouthAt(event) {
  const track = event.target.closest?.(".mouths .track");
  if (!track) return "";
  const { side, turn } = track.closest(".timeline").dataset;
  const found = sides[side].turns[turn];
  const at = moment(event, track, ...found.span);
  const pose = found.mouth.find(([shape, start, , , end]) => mouths[shape] && start <= at && at <= end);
  return pose ? `${mouths[pose[0]][0]} (${mouths[pose[0]][2]}) ${(pose[2] / 1000).toFixed(2)} s` : "";
}
