/** A turn's picture: what was heard and said, and what every stage did when. It is drawn when it comes near. */

const LANES = [["turn", "断句"], ["transcript", "转写"], ["emotion", "情绪"], ["reply", "回答"], ["speech", "语音"], ["cues", "动作"]];

function drawTimeline(box, side, turn, mouths) {
  const [start, end] = turn.span;
  const percent = (at) => Math.max(0, Math.min(100, (100 * (at - start)) / (end - start)));
  const rows = [row("访客", "visitor", "tall", wave(side.visitor, start, end, "visitor"))];
  if (side.voice.length) rows.push(row("人声", "voice", "voice", curve(side.voice, start, end, "vad")));
  for (const [lane, chinese] of LANES) {
    rows.push(row(chinese, lane, `lane s-${lane}`, bars(turn.bars.filter((bar) => bar[0] === lane), percent)));
  }
  rows.push(row("数字人", "avatar", "tall", wave(side.avatar, start, end, "avatar")));
  rows.push(row("口型", "mouth", "mouths", hills(turn.mouth, mouths, start, end)));
  rows.push(row("表情", "face", "faces", poses(turn.poses, percent, "gestures", false)));
  rows.push(row("手势", "gesture", "faces", poses(turn.poses, percent, "gestures", true)));
  if (turn.notes.length) rows.push(row("事件", "events", "notes", notes(turn.notes, percent)));
  const over = make("div", "over");
  over.setAttribute("aria-hidden", "true");
  over.append(...gap(turn, percent), ...turn.marks.map((mark) => markOf(mark, percent)), make("i", "head"));
  box.style.minHeight = "";
  box.replaceChildren(...rows, over);
  const width = over.getBoundingClientRect().width;
  over.prepend(...ticks(start, end, width, percent));
  uncrowd(over, width);
}

function row(chinese, english, kind, content) {
  const line = make("div", `row ${kind}`);
  const label = make("div", "label");
  label.append(both(chinese, english));
  const track = make("div", "track");
  track.append(content);
  line.append(label, track);
  return line;
}

function placed(kind, left, right, tip = "") {
  const piece = make("i", kind);
  piece.style.left = `${left}%`;
  if (right !== null) piece.style.width = `${Math.max(0, right - left)}%`;
  if (tip) piece.dataset.m = tip;
  return piece;
}

function bars(found, percent) {
  const all = document.createDocumentFragment();
  const first = found.find((bar) => !bar[4]);
  for (const bar of found) {
    const [, start, end, what, kind] = bar;
    const took = `${end - start} ms`;
    all.append(placed(`bar ${kind}`, percent(start), percent(end), `${what}: ${took}`));
    if (bar !== first) continue;
    const label = make("span", "took", took);
    if (percent(start) > 12) label.style.right = `${100 - percent(start)}%`;
    else label.style.left = `calc(${percent(Math.max(...found.map((other) => other[2])))}% + 6px)`;
    all.append(label);
  }
  return all;
}

function poses(found, percent, kind, wanted) {
  const all = document.createDocumentFragment();
  for (const [name, start, end, chinese, english] of found) {
    if ((name === kind) !== wanted) continue;
    const piece = placed(`pose ${name}`, percent(start), percent(end), english || name);
    if (english) piece.append(both(chinese, english));
    all.append(piece);
  }
  return all;
}

function notes(found, percent) {
  const all = document.createDocumentFragment();
  for (const [kind, at, text] of found) all.append(placed(`note n-${kind}`, percent(at), null, text));
  return all;
}

function gap(turn, percent) {
  const heard = turn.marks.find(([kind]) => kind === "end");
  const sound = turn.marks.find(([kind]) => kind === "sound");
  return turn.gap !== null && heard && sound ? [placed("gap", percent(heard[1]), percent(sound[1]))] : [];
}

function markOf([kind, at, chinese, english], percent) {
  const mark = placed(`mark ${kind}`, percent(at), null);
  const label = make("b");
  if (chinese === english) label.textContent = chinese;
  else label.append(both(chinese, english));
  if (percent(at) > 60) label.className = "before";
  mark.append(label);
  return mark;
}

function ticks(start, end, width, percent) {
  const step = [500, 1000, 2000, 5000, 10000, 30000, 60000].find((each) => ((end - start) / each) * 64 <= width) ?? 120000;
  const found = [];
  for (let at = Math.floor(start / step + 1) * step; at < end; at += step) {
    const tick = placed("tick", percent(at), null);
    tick.append(make("b", "", clock(at, step < 1000)));
    found.push(tick);
  }
  return found;
}

/** Minutes and seconds of a time in ms. */
function clock(ms, tenths = true) {
  const seconds = ms / 1000;
  const rest = (seconds % 60).toFixed(tenths ? 1 : 0);
  if (seconds < 60) return `${rest} s`;
  const minutes = `${Math.floor(seconds / 60) % 60}`;
  const hours = Math.floor(seconds / 3600);
  const padded = rest.padStart(tenths ? 4 : 2, "0");
  return hours ? `${hours}:${minutes.padStart(2, "0")}:${padded}` : `${minutes}:${padded}`;
}

/** Labels of one line never lie on each other, nor outside: the one that matters less gives way. */
function uncrowd(over, width) {
  const frame = over.getBoundingClientRect();
  for (const kind of ["mark", "tick"]) {
    const kept = [];
    const labels = [...over.querySelectorAll(`.${kind} b`)];
    labels.sort((one, other) => rank(one) - rank(other));
    const boxes = labels.map((label) => label.getBoundingClientRect());
    labels.forEach((label, at) => {
      const box = boxes[at];
      const outside = box.right > frame.left + width + 2 || box.left < frame.left - 90;
      const hidden = outside || kept.some((other) => box.left < other.right + 4 && other.left < box.right + 4);
      label.hidden = hidden;
      if (!hidden) kept.push(box);
    });
  }
}

function rank(label) {
  const order = ["failure", "cut", "sound", "end", "stop", "decided"];
  return order.findIndex((kind) => label.parentElement.classList.contains(kind));
}

