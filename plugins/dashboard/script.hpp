// SPDX-License-Identifier: MIT
// What the page does: it asks for the progress every second, and for its content when that has changed. Every
// text comes escaped from the server; the policy of the page lets no other script run.
#pragma once

namespace kairos::plugins {

inline constexpr const char* page_script = R"(
"use strict";
const token = new URLSearchParams(location.search).get("token") || "";
const headers = token ? {Authorization: "Bearer " + token} : {};
const main = document.getElementById("main"), content = document.getElementById("content");
const bar = document.getElementById("bar"), line = document.getElementById("line"), stop = document.getElementById("stop");
main.prepend(document.querySelector(".live"));
let version = -1;
async function ask(path) {
  const answer = await fetch(path, {headers, cache: "no-store"});
  if (!answer.ok) throw new Error(answer.status);
  return answer;
}
async function update() {
  try {
    const now = await (await ask("progress")).json();
    bar.value = now.share;
    line.textContent = now.line;
    if (stop) stop.hidden = false;
    if (now.version !== version) {
      const open = Array.from(content.querySelectorAll("details"), one => one.open);
      content.innerHTML = await (await ask("main")).text();
      content.querySelectorAll("details").forEach((one, i) => { one.open = open[i] || false; });
      version = now.version;
      const log = content.querySelector("pre.log");
      if (log) log.scrollTop = log.scrollHeight;
    }
  } catch (error) {
    line.textContent = "The run has ended, or it does not answer. This is what was seen last.";
    if (stop) stop.hidden = true;
  }
  setTimeout(update, 1000);
}
if (stop) stop.addEventListener("click", async () => {
  if (!confirm("Stop the run after this batch?")) return;
  stop.disabled = true;
  try {
    const answer = await fetch("stop", {method: "POST", headers});
    if (!answer.ok) throw new Error(answer.status);
  } catch (error) { stop.disabled = false; }
});
update();
)";

}  // namespace kairos::plugins
