// SPDX-FileCopyrightText: 2026 cac_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Step 2: the camera live, the threshold of the node, photos taken or dropped.

import { $, make, plural, post, say } from "./common.js";

const PAUSE = 100; // [ms]
let number = 0;
let dragging = false;
let largest = 1; // the right end of the slider, in units of the score
let address = "";

export function showCamera(state) {
  const view = state.view;
  const there = Boolean(view?.connected);
  $("no-live").textContent = view?.problem || (view ? "Waiting for the first picture." : "There is no camera: start the page with --node or --camera.");
  $("answer").textContent = there && view.answer ? `Answer: ${view.answer}` : "";
  $("threshold-card").hidden = !(there && view.theta !== null);
  if (there && view.theta !== null && !dragging) {
    if (view.theta > largest || view.theta < largest / 50) largest = 4 * view.theta || 1;
    $("theta").value = Math.round((1000 * view.theta) / largest);
    $("theta-value").textContent = view.theta.toPrecision(3);
  }
  const names = state.classes.map((each) => make("option", { value: each.name }));
  if ($("class-names").children.length !== names.length) $("class-names").replaceChildren(...names);
  const now = state.collection;
  $("take-start").disabled = now.going_on || !view;
  $("take-stop").disabled = !now.going_on;
  $("take-progress").max = now.wanted || 20;
  $("take-progress").value = now.taken;
  if (now.wanted) {
    const left = `${now.blurred} blurred and ${now.alike} like an earlier one left out.`;
    $("take-words").textContent = `${plural(now.taken, "photo")} of ${now.name}${now.going_on ? " so far" : ""}; ${left} ${now.problem}`;
  }
}

async function look() {
  if (!$("camera").hidden && !document.hidden) {
    try {
      const answer = await fetch(`/api/live?after=${number}`);
      if (answer.status === 200) {
        number = Number(answer.headers.get("x-number"));
        const next = URL.createObjectURL(await answer.blob());
        $("live").src = next;
        $("live").hidden = false;
        $("no-live").hidden = true;
        if (address) URL.revokeObjectURL(address);
        address = next;
      } else if (answer.status === 204) number = Math.min(number, Number(answer.headers.get("x-number")));
    } catch { /* the page's program is away; the state says so */ }
  }
  setTimeout(look, PAUSE);
}

async function upload(files) {
  let taken = 0;
  for (const file of files) {
    const query = new URLSearchParams({ file: file.name, name: $("drop-name").value });
    if (!(await post(`/api/photos?${query}`, file))) break;
    taken += 1;
    $("drop-words").textContent = `${taken} of ${plural(files.length, "photo")} taken.`;
  }
  if (taken === files.length) say(`${plural(taken, "photo")} taken.`);
  document.dispatchEvent(new Event("changed"));
}

export function startCamera() {
  look();
  $("theta").addEventListener("input", () => { dragging = true; $("theta-value").textContent = ((largest * $("theta").value) / 1000).toPrecision(3); });
  $("theta").addEventListener("change", async () => {
    await post("/api/threshold", { theta: (largest * $("theta").value) / 1000 });
    setTimeout(() => { dragging = false; }, 1000);
  });
  $("take").addEventListener("submit", (event) => {
    event.preventDefault();
    post("/api/collect", { name: $("take-name").value, count: Number($("take-count").value) });
  });
  $("take-stop").addEventListener("click", () => post("/api/stop"));
  $("drop-files").addEventListener("change", () => upload([...$("drop-files").files]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      $("drop").classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) upload([...event.dataTransfer.files]);
    });
  }
}
