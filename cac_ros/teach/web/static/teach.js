// SPDX-FileCopyrightText: 2026 cac_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Steps 3 and 4: teach, compare before and after, use a model, go back.

import { $, make, plural, post, row, say, share, show } from "./common.js";

let chosen = ""; // how to teach, once somebody has chosen
let last = null;

export function showTeach(state) {
  last = state;
  const { plan, lesson } = state;
  $("plan").textContent = plan.problem || plan.why;
  $("plan").className = plan.problem ? "bad" : "";
  for (const each of document.querySelectorAll("[name=kind]")) {
    each.checked = each.value === (chosen || plan.kind);
    each.disabled = lesson.going_on || (each.value === "extend" && !plan.new.length);
  }
  $("start").disabled = lesson.going_on || Boolean(plan.problem);
  $("cancel").disabled = !lesson.going_on;
  $("lesson-progress").hidden = !lesson.going_on;
  if (lesson.share === null) $("lesson-progress").removeAttribute("value");
  else $("lesson-progress").value = lesson.share;
  $("lesson-words").textContent = words(lesson);
  $("lesson-words").className = lesson.state === "failed" ? "bad" : "";
  $("lesson-log-part").hidden = !lesson.log;
  if ($("lesson-log").textContent !== lesson.log) {
    $("lesson-log").textContent = lesson.log;
    $("lesson-log").scrollTop = $("lesson-log").scrollHeight;
  }
  const photos = state.classes.map((each) => row(each.name, each.photos, each.known ? "knows it" : "will learn it"));
  show($("photo-table"), [...photos, row("something else", state.others, "shall not know it")]);
  showResult(lesson.result, state);
  showModels(state);
}

function words(lesson) {
  const time = `${lesson.seconds.toFixed(0)} s`;
  if (lesson.state === "waiting") return `The teaching begins … ${time}`;
  if (lesson.state === "running") return `Teaching goes on, also if this page is closed: ${time}. ${lesson.step}`;
  if (lesson.state === "done") return `Taught in ${time}.`;
  if (lesson.state === "cancelled") return "Cancelled. Everything is as it was.";
  if (lesson.state === "failed") return `It failed. ${lesson.problem}`;
  return "";
}

function showResult(result, state) {
  $("result").hidden = !result;
  if (!result) return;
  const lines = (title, { before, after }) => [
    row(`${title} (${plural(after.images, "photo")})`, "nearest class is right", share(before.accuracy), share(after.accuracy)),
    row("", "known and right", share(before.right), share(after.right)),
    row("", "known and wrong", share(before.wrong), share(after.wrong)),
  ];
  const added = result.new.after.images ? lines(`new: ${result.added.join(", ")}`, result.new) : [];
  show($("figures"), [...lines("old classes", result.old), ...added]);
  $("confused-part").hidden = !result.confusions.length;
  show($("confusions"), result.confusions.map((each) => row(each.class, each.said, each.before, each.after)));
  show($("changed"), result.changed.length ? result.changed.map((each, index) =>
    make("li", { class: each.worse ? "danger" : "" },
      make("div", { class: "picture" }, make("img", { src: `/api/lesson/photos/${index}?${result.model_id}`, alt: each.class, loading: "lazy" })),
      make("div", { class: "text" }, make("div", { class: "kind" }, each.class), make("div", {}, `${each.before || "unknown"} → ${each.after || "unknown"}`)))) : [make("li", {}, make("div", { class: "text" }, "None."))]);
  const there = state.view?.kind === "node" ? " on the robot" : "";
  $("use-new").textContent = `Use ${result.model_id.split("@")[0]}${there}`;
  $("use-new").disabled = state.model.id === result.model_id;
  $("use-old").disabled = state.model.id !== result.model_id;
}

function showModels(state) {
  const rows = state.models.map((model) => {
    const added = model.kind === "start" ? "" : model.added.join(", ") || "none";
    const photos = model.photos ? Object.values(model.photos).reduce((a, b) => a + b, 0) : "";
    const when = model.time ? new Date(model.time).toLocaleString() : "given at the start";
    const use = make("button", { type: "button", "data-use": model.model_id, "data-key": model.model_id, disabled: model.current || model.missing }, model.current ? "in use" : model.missing ? "file is gone" : "Use");
    const line = row(model.model_id, when, model.parent || "", added, photos, share(model.old?.after.right), share(model.new?.after.right), use);
    line.className = model.current ? "current" : "";
    return line;
  });
  show($("models"), rows);
}

async function use(id) {
  say("The model is being loaded …");
  await post("/api/use", { model_id: id });
  document.dispatchEvent(new Event("changed"));
}

export function startTeach() {
  $("kinds").addEventListener("change", (event) => { chosen = event.target.value; });
  $("start").addEventListener("click", async () => {
    await post("/api/teach", { kind: chosen });
    chosen = "";
    document.dispatchEvent(new Event("changed"));
  });
  $("cancel").addEventListener("click", () => post("/api/cancel"));
  $("use-new").addEventListener("click", () => use(last.lesson.result.model_id));
  $("use-old").addEventListener("click", () => use(last.lesson.result.parent));
  $("models").addEventListener("click", (event) => { const id = event.target.closest("[data-use]")?.dataset.use; if (id) use(id); });
}
