/** The report's page: language, sound, and what lies under the pointer. Everything can be read without it. */

const root = document.documentElement;

function show(language) {
  root.dataset.show = language;
  for (const button of document.querySelectorAll(".switch button")) {
    button.setAttribute("aria-pressed", String(button.dataset.to === language));
  }
}

for (const button of document.querySelectorAll(".switch button")) {
  button.addEventListener("click", () => show(button.dataset.to));
}
const wanted = location.hash.slice(1);
show(["zh", "en", "both"].includes(wanted) ? wanted : navigator.language.startsWith("zh") ? "zh" : "en");

/** A round button, a line and a time instead of the browser's own controls, and a line that runs over the picture. */
class Player {
  static #current = null;

  constructor(audio) {
    this.audio = audio;
    this.start = Number(audio.dataset.start);
    this.timeline = audio.closest("article").querySelector(".timeline");
    this.button = document.createElement("button");
    this.button.type = "button";
    const portrait = audio.closest("section").querySelector(".portrait");
    this.face = portrait && new Face(portrait);
    this.bar = document.createElement("progress");
    this.bar.setAttribute("aria-hidden", "true");
    this.time = document.createElement("time");
    const box = document.createElement("div");
    box.className = "sound";
    audio.removeAttribute("controls");
    audio.replaceWith(box);
    box.append(this.button, this.bar, this.time, audio);
    this.button.addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));
    for (const name of ["play", "pause", "ended", "loadedmetadata", "seeked"]) {
      audio.addEventListener(name, () => this.update());
    }
    audio.addEventListener("play", () => this.run());
    this.update();
  }

  holds(seconds) {
    return seconds >= this.start && seconds <= this.start + (this.audio.duration || 0);
  }

  from(seconds) {
    this.audio.currentTime = seconds - this.start;
    this.audio.play();
  }

  run() {
    if (Player.#current && Player.#current !== this) Player.#current.audio.pause();
    Player.#current = this;
    const step = () => {
      this.update();
      if (!this.audio.paused) requestAnimationFrame(step);
    };
    step();
  }

  update() {
    const { audio } = this;
    const length = audio.duration || 0;
    this.button.textContent = audio.paused ? "▶" : "❚❚";
    this.button.setAttribute("aria-label", (audio.paused ? "播放 / play: " : "暂停 / pause: ") + audio.getAttribute("aria-label"));
    this.bar.max = length || 1;
    this.bar.value = audio.currentTime;
    this.time.textContent = `${(audio.paused && !audio.currentTime ? length : audio.currentTime).toFixed(1)} s`;
    this.face?.at(audio.paused ? null : this.start + audio.currentTime);
    if (!this.timeline) return;
    const { start, end } = this.timeline.dataset;
    this.timeline.classList.toggle("playing", !audio.paused);
    this.timeline.querySelector(".head").style.left = `${(100 * (this.start + audio.currentTime - start)) / (end - start)}%`;
  }
}

const players = [...document.querySelectorAll("audio")].map((audio) => new Player(audio));

for (const timeline of document.querySelectorAll(".timeline")) {
  timeline.addEventListener("click", (event) => {
    const track = timeline.querySelector(".track").getBoundingClientRect();
    const { start, end } = timeline.dataset;
    const seconds = Number(start) + ((event.clientX - track.left) / track.width) * (end - start);
    players.find((player) => player.timeline === timeline && player.holds(seconds))?.from(seconds);
  });
}

const tip = document.querySelector(".tip");
document.addEventListener("pointerover", (event) => {
  const shape = event.target.closest?.("[data-m]");
  tip.hidden = !shape;
  if (shape) {
    tip.textContent = shape.dataset.m;
    tip.style.left = `${event.clientX}px`;
    tip.style.top = `${event.clientY}px`;
  }
});
