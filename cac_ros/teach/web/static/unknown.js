// SPDX-FileCopyrightText: 2026 cac_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Step 1: frames in groups, selected by mouse or keyboard, moved to where they belong.

import { $, clock, make, plural, post, say } from "./common.js";

const FEW = 12; // frames of a group that are shown until somebody asks for more
const selected = new Set(); // ids of the frames that are shown; their copies go with them
const opened = new Set(); // keys of groups that are shown as a whole
let groups = [];
let classes = [];
let anchor = null; // where a range starts

const tiles = () => [...$("groups").querySelectorAll(".frame")];
const copiesOf = () => new Map(groups.flatMap((group) => group.frames.map((frame) => [frame.id, frame.copies])));

export function showGroups(found) {
  groups = found;
  const present = new Set(groups.flatMap((group) => group.frames.map((frame) => frame.id)));
  for (const id of selected) if (!present.has(id)) selected.delete(id);
  const kept = new Map([...$("groups").children].map((element) => [element.dataset.key, element]));
  const wanted = groups.map((group) => {
    const version = group.frames.map((f) => `${f.id}${f.copies.length}${f.nearest}${f.ratio?.toFixed(2)}`).join() + opened.has(group.key);
    const old = kept.get(group.key);
    return old?.dataset.version === version ? old : groupElement(group, version);
  });
  const focus = document.activeElement?.dataset?.id;
  $("groups").replaceChildren(...wanted);
  if (focus) tiles().find((tile) => tile.dataset.id === focus)?.focus({ preventScroll: true });
  showSelection();
}

export function showClasses(state) {
  classes = state.classes.map((each) => each.name);
  const buttons = state.classes.map((each, index) =>
    make("button", { type: "button", "data-name": each.name, title: index < 9 ? `Key ${index + 1}` : "" }, each.name, " ", make("small", {}, String(each.photos))));
  if ($("classes").textContent !== buttons.map((b) => b.textContent).join("")) $("classes").replaceChildren(...buttons);
  $("undo").disabled = !state.undo;
  $("undo").textContent = state.undo ? `Undo: ${state.undo[0]} (${state.undo[1]})` : "Undo";
  const board = state.board;
  $("count-unknown").textContent = board.frames;
  const parts = [`${plural(board.frames, "frame")} in groups that look alike to the model, the newest first.`];
  if (board.waiting) parts.push(`${board.waiting} are being looked at.`);
  if (board.unreadable.length) parts.push(`Cannot be read: ${board.unreadable.join("; ")}.`);
  if (board.problem) parts.push(board.problem);
  if (!board.frames) parts.push("Nothing is there yet. The node saves frames with its parameter harvest_folder.");
  $("board").textContent = parts.join(" ");
  showSelection();
}

function groupElement(group, version) {
  const frames = opened.has(group.key) ? group.frames : group.frames.slice(0, FEW);
  const rest = group.frames.length - frames.length;
  const count = group.frames.reduce((sum, frame) => sum + 1 + frame.copies.length, 0);
  const nearest = [...new Set(group.frames.map((frame) => frame.nearest).filter(Boolean))].slice(0, 4).join(", ");
  const known = group.frames.filter((frame) => !frame.unknown).length;
  const words = [nearest && `nearest ${nearest}`, known && `${known} known to this model`, clock(group.frames[0].saved)].filter(Boolean).join(" · ");
  return make("div", { class: "group", "data-key": group.key, "data-version": version },
    make("header", {},
      make("button", { type: "button", "data-key": `all ${group.key}`, onclick: () => toggleGroup(group) }, `Select all ${count}`),
      make("span", { class: "hint" }, words)),
    make("div", { class: "frames", role: "group", "aria-label": `Group of ${count}` }, ...frames.map(tile)),
    ...(rest ? [make("p", {}, make("button", { type: "button", onclick: () => { opened.add(group.key); showGroups(groups); } }, `Show ${rest} more`))] : []));
}

function tile(frame) {
  const score = frame.ratio === null ? "" : ` · ${frame.ratio.toFixed(frame.ratio < 10 ? 2 : 0)} θ`;
  const why = frame.because === "near_threshold" ? " · near θ" : "";
  const what = `${frame.unknown ? "near" : "known:"} ${frame.nearest || "?"}`;
  return make("button", { type: "button", class: "frame", "data-id": frame.id, "aria-pressed": "false", title: `${clock(frame.saved)} ${frame.camera}`, onclick: click },
    make("img", { src: `/api/frames/${frame.id}`, alt: "", loading: "lazy" }),
    make("span", { class: "words" }, `${what}${score}${why}`),
    ...(frame.copies.length ? [make("span", { class: "copies", title: "nearly the same" }, `+${frame.copies.length}`)] : []));
}

function showSelection() {
  for (const each of tiles()) each.setAttribute("aria-pressed", selected.has(each.dataset.id));
  const copies = copiesOf();
  let count = 0;
  for (const id of selected) count += 1 + (copies.get(id)?.length || 0);
  $("selected").textContent = count ? `${count} selected` : "Nothing selected";
  for (const each of [$("add"), $("other"), $("discard"), ...$("classes").children]) each.disabled = !count;
}

function click(event) {
  const id = event.currentTarget.dataset.id;
  if (event.shiftKey && anchor) range(anchor, id);
  else {
    if (!selected.delete(id)) selected.add(id);
    anchor = id;
  }
  showSelection();
}

function range(from, to) {
  const ids = tiles().map((each) => each.dataset.id);
  const [first, last] = [ids.indexOf(from), ids.indexOf(to)].sort((a, b) => a - b);
  if (first < 0) return;
  for (const id of ids.slice(first, last + 1)) selected.add(id);
}

function toggleGroup(group) {
  const all = group.frames.every((frame) => selected.has(frame.id));
  for (const frame of group.frames) all ? selected.delete(frame.id) : selected.add(frame.id);
  showSelection();
}

async function move(to, name = "") {
  if (!selected.size) return say("Select some frames first.", true);
  const copies = copiesOf();
  const ids = [...selected].flatMap((id) => [id, ...(copies.get(id) || [])]);
  const answer = await post("/api/move", { ids, to, name });
  if (!answer) return;
  selected.clear();
  anchor = null;
  $("new-name").value = "";
  if (!answer.message) say(`${plural(answer.moved, "file")} moved.`);
  document.dispatchEvent(new Event("changed"));
}

async function undo() {
  const answer = await post("/api/undo");
  if (answer && !answer.message) say(`${plural(answer.moved, "file")} moved back.`);
  document.dispatchEvent(new Event("changed"));
}

function step(from, key) {
  const all = tiles();
  const index = all.indexOf(from);
  if (key === "ArrowRight") return all[index + 1];
  if (key === "ArrowLeft") return all[index - 1];
  const here = from.getBoundingClientRect();
  const below = key === "ArrowDown";
  const rows = all.filter((each) => { const y = each.getBoundingClientRect().top; return below ? y > here.top + 5 : y < here.top - 5; });
  const distance = (each) => { const box = each.getBoundingClientRect(); return 10 * Math.abs(box.top - here.top) + Math.abs(box.left - here.left); };
  return rows.sort((a, b) => distance(a) - distance(b))[0];
}

function large(id) {
  $("large-picture").src = `/api/frames/${id}?large`;
  $("large").showModal();
}

function key(event) {
  if ($("unknown").hidden || $("large").open) return;
  const here = document.activeElement;
  const typing = here?.tagName === "INPUT";
  if (event.key === "Escape") { selected.clear(); here?.blur(); return showSelection(); }
  if (typing || event.altKey || event.metaKey) return;
  if (event.ctrlKey && event.key !== "z") return;
  const onTile = here?.classList.contains("frame");
  if (event.key.startsWith("Arrow")) {
    const next = onTile ? step(here, event.key) : tiles()[0];
    if (!next) return;
    if (event.shiftKey && onTile) { anchor ??= here.dataset.id; range(anchor, next.dataset.id); showSelection(); }
    next.focus();
    next.scrollIntoView({ block: "center" });
  } else if (event.key === "a" && onTile) toggleGroup(groups.find((group) => group.frames.some((frame) => frame.id === here.dataset.id)));
  else if (event.key === "Enter" && onTile) large(here.dataset.id);
  else if (/^[1-9]$/.test(event.key) && classes[event.key - 1]) move("class", classes[event.key - 1]);
  else if (event.key === "n") $("new-name").focus();
  else if (event.key === "o") move("other");
  else if (event.key === "Delete") move("discard");
  else if (event.key === "u" || event.key === "z") undo();
  else return;
  event.preventDefault();
}

export function startUnknown() {
  document.addEventListener("keydown", key);
  $("groups").addEventListener("dblclick", (event) => { const id = event.target.closest(".frame")?.dataset.id; if (id) large(id); });
  $("classes").addEventListener("click", (event) => { const name = event.target.closest("button")?.dataset.name; if (name) move("class", name); });
  $("say").addEventListener("submit", (event) => { event.preventDefault(); move("class", $("new-name").value); });
  $("other").addEventListener("click", () => move("other"));
  $("discard").addEventListener("click", () => move("discard"));
  $("undo").addEventListener("click", undo);
}
