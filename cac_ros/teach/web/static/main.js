// SPDX-FileCopyrightText: 2026 cac_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The page asks for the state once a second; everything is shown from it, so that a second browser shows the same.

import { $, say } from "./common.js";
import { showCamera, startCamera } from "./camera.js";
import { showTeach, startTeach } from "./teach.js";
import { showClasses, showGroups, startUnknown } from "./unknown.js";

const STEPS = ["unknown", "camera", "teach", "history"];
const PERIOD = 1000; // [ms]
let version = "";
let timer = 0;
let asking = false;
let lost = false;

function showStep() {
  const wanted = location.hash.slice(2); // of #/camera
  const step = STEPS.includes(wanted) ? wanted : STEPS[0];
  for (const each of STEPS) {
    $(each).hidden = each !== step;
    const link = document.querySelector(`nav a[href="#/${each}"]`);
    if (each === step) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
}

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.message || "The page's program refuses. Was it started again? Open its address once more.");
  return answer.json();
}

async function refresh() {
  clearTimeout(timer);
  if (asking) return;
  asking = true;
  try {
    const state = await ask("/api/state");
    $("model").textContent = state.model.id.split("@")[0];
    const robot = state.view ? (state.view.connected ? `${state.view.name} ${state.view.model_id ? `uses ${state.view.model_id}` : "is there"}` : state.view.problem || `${state.view.name} is not looked at`) : "no node";
    $("robot").textContent = `${state.model.id} knows ${state.model.classes.length} classes · ${robot}`;
    showClasses(state);
    showCamera(state);
    showTeach(state);
    const found = `${state.board.version} ${state.model.id}`;
    if (found !== version) {
      showGroups((await ask("/api/groups")).groups);
      version = found;
    }
    if (lost) say("");
    lost = false;
  } catch (error) {
    lost = true;
    say(error instanceof TypeError ? "The page's program does not answer. Was it ended?" : error.message, true);
  }
  asking = false;
  timer = setTimeout(refresh, PERIOD);
}

window.addEventListener("hashchange", () => { say(""); showStep(); });
document.addEventListener("changed", refresh);
showStep();
startUnknown();
startCamera();
startTeach();
refresh();
