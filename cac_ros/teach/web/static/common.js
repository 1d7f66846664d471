// SPDX-FileCopyrightText: 2026 cac_ros contributors
// SPDX-License-Identifier: Apache-2.0
// What all parts of the page share. Text from outside goes into the page as text, never as HTML.

export const $ = (id) => document.getElementById(id);

export const share = (value) => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)} %`);

export const clock = (seconds) => new Date(1000 * seconds).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// An element with attributes and children; a child that is text stays text.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export function say(text, bad = false) {
  $("message").textContent = text;
  $("message").className = bad ? "bad" : "";
  $("message").hidden = !text;
}

// Ask for something to be done; says what went wrong, and returns the answer or null.
export async function post(path, content = {}) {
  try {
    const raw = content instanceof Blob;
    const answer = await fetch(path, { method: "POST", headers: { "X-CAC-Teach": "1" }, body: raw ? content : JSON.stringify(content) });
    const told = (answer.headers.get("content-type") || "").includes("json") ? await answer.json() : { message: await answer.text() };
    if (told.message) say(told.message, !answer.ok);
    else if (answer.ok) say("");
    return answer.ok ? told : null;
  } catch {
    say("The page's program does not answer. Was it ended?", true);
    return null;
  }
}

// Replace the children of an element only if they would look different, so that focus and scrolling stay.
export function show(element, children) {
  const text = children.map((each) => each.outerHTML).join("");
  if (element.dataset.shown === text) return;
  const focus = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  element.replaceChildren(...children);
  element.dataset.shown = text;
  if (focus) element.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
}

export const row = (...cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell instanceof Node ? cell : String(cell))));
