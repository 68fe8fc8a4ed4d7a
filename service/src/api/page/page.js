"use strict";
// Shows what the API says, and nothing else. All text goes in as text, never as markup.

const $ = (selector) => document.querySelector(selector);
let token = "";
let timer = 0;

const make = (name, text, className) => {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = String(text);
  if (className) element.className = className;
  return element;
};

const pair = (name, value) => {
  const row = make("div");
  row.append(make("dt", name), make("dd", value));
  return row;
};

async function call(path) {
  const reply = await fetch(path, { headers: { authorization: `Bearer ${token}` }, cache: "no-store" });
  if (reply.ok) return reply;
  const problem = await reply.json().catch(() => ({ message: reply.statusText }));
  throw Object.assign(new Error(problem.message), { status: reply.status });
}

const json = async (path) => (await call(path)).json();

function jobRow(job) {
  const row = make("tr");
  const bar = make("progress");
  bar.max = 1000;
  bar.value = job.progress;
  bar.title = job.stage || job.state;
  const progress = make("td");
  if (job.state === "running") progress.append(bar, make("div", job.stage));
  const action = make("td");
  if (job.state === "done") {
    const button = make("button", "Report");
    button.addEventListener("click", () => report(job).catch(say));
    action.append(button);
  }
  row.append(
    make("td", job.network), make("td", job.epoch), make("td", job.circuit),
    make("td", job.state, job.state), progress, make("td", job.attempt), make("td", job.error), action,
  );
  return row;
}

// The files of a tar archive.
function unpack(buffer) {
  const files = {};
  const text = (from, to) => new TextDecoder().decode(buffer.slice(from, to)).split("\0")[0];
  for (let at = 0; at + 512 <= buffer.byteLength && text(at, at + 100);) {
    const length = parseInt(text(at + 124, at + 136), 8);
    files[text(at, at + 100).replace("bundle/", "")] = new TextDecoder().decode(buffer.slice(at + 512, at + 512 + length));
    at += 512 + Math.ceil(length / 512) * 512;
  }
  return files;
}

async function report(job) {
  const files = unpack(await (await call(`/v1/jobs/${job.id}/bundle`)).arrayBuffer());
  const payouts = JSON.parse(files["payouts.json"]);
  const manifest = JSON.parse(files["manifest.json"]);
  const section = $("#report");
  section.querySelector("h2").textContent = `${job.network}, epoch ${payouts.epoch}`;
  section.querySelector("dl").replaceChildren(
    pair("paid", payouts.released_total), pair("accounts", payouts.payouts.length),
    pair("circuit", manifest.circuit.name), pair("key", `${manifest.key.vk_id} (${manifest.key.origin})`),
    pair("manifest", job.manifest_sha256),
  );
  if (manifest.warning) section.querySelector("dl").append(pair("warning", manifest.warning));
  section.querySelector("tbody").replaceChildren(...payouts.payouts.map((payout) => {
    const row = make("tr");
    row.append(make("td", payout.account), make("td", payout.amount));
    return row;
  }));
  section.hidden = false;
}

function say(error) {
  $("#said").textContent = error.message || String(error);
}

async function refresh() {
  const summary = await json("/v1/summary");
  $("#counts").replaceChildren(...Object.entries(summary.jobs).map(([state, count]) => pair(state, count)));
  $("#jobs tbody").replaceChildren(...summary.latest.map(jobRow));
  try {
    const workers = await json("/v1/workers");
    $("#workers tbody").replaceChildren(...workers.map((worker) => {
      const row = make("tr");
      row.append(make("td", worker.id), make("td", worker.state, worker.state), make("td", worker.circuits), make("td", worker.reason));
      return row;
    }));
    $("#workers-part").hidden = false;
  } catch (error) {
    if (error.status !== 403) throw error;
  }
  $("main").hidden = false;
  $("#said").textContent = `As of ${new Date().toLocaleTimeString()}`;
}

async function loop() {
  clearTimeout(timer);
  try {
    await refresh();
  } catch (error) {
    say(error);
    if (error.status === 401 || error.status === 403) {
      sessionStorage.removeItem("token");
      $("main").hidden = true;
      return;
    }
  }
  timer = setTimeout(loop, 2000);
}

function enter(value) {
  token = value.trim();
  sessionStorage.setItem("token", token);
  loop();
}

$("#entry").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("#token").value);
  $("#token").value = "";
});
const kept = sessionStorage.getItem("token");
if (kept) enter(kept);
