// Before the camera: the warning, the session, tries, and what comes of them.

import { call, deviceId, get, newKey, post, Problem } from "/me/api.js";
import { close, open } from "/me/camera.js";
import { at, go, made, on } from "/me/dom.js";
import { film } from "/me/filming.js";
import { MOVEMENTS } from "/me/words.js";

let signed, session, stream, granted;

export function begin(release) {
  signed = release;
  session = null;
  granted = newKey();
  at("safe").checked = false;
  at("camera-on").disabled = true;
  at("less-motion").hidden = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  off();
  tell();
  go("ready");
}

export function off() {
  close(stream);
  stream = null;
  at("camera").hidden = true;
  at("before").hidden = false;
}

export function prove({ then, waiting }) {
  at("safe").addEventListener("change", () => { at("camera-on").disabled = !at("safe").checked; });
  on(at("camera-on"), "click", async () => {
    session ??= await opened();
    stream = await open([at("seen"), at("mirror")]);
    ready();
  });
  on(at("camera-off"), "click", off);
  on(at("start"), "click", async () => {
    session ??= await opened();
    ready();
    try {
      if (session.state !== "succeeded") await tried();
    } catch (error) {
      await failed(error);
      return;
    }
    await ended(then, waiting);
  });
  on(at("ask-review"), "click", async () => {
    const review = await post("/v1/identity-reviews", { release_id: signed.releaseId }, newKey());
    await waiting(`review=${review.id}&purposes=${signed.purposes}&days=${signed.days}`);
  });
}

async function tried() {
  const frames = await film(session, at("slow").checked);
  tell("Checking. This takes some seconds …");
  session = await sent(frames);
}

const opened = () => post("/v1/capture-sessions", { release_id: signed.releaseId, device_id: deviceId() }, newKey());

function ready() {
  at("before").hidden = true;
  at("camera").hidden = false;
  at("asked").textContent = session.challenge.map((word) => MOVEMENTS[word]?.name ?? word).join(", ");
  if (stream.getVideoTracks()[0]?.readyState !== "live") throw new Error("The camera was taken away. Turn it off here and on again.");
}

function sent(frames) {
  const form = new FormData();
  form.append("nonce", session.nonce);
  form.append("times_ms", JSON.stringify(frames.map((frame) => frame.at_ms)));
  for (const { jpeg } of frames) form.append("frames", jpeg, "frame.jpg");
  return call("POST", `/v1/capture-sessions/${session.id}/capture`, { form });
}

// No verdict: the page was left, a limit was broken, the answer was lost. What the session says now is asked for next.
async function failed(error) {
  tell(error.message);
  at("start").textContent = "Try again";
  if (!(error instanceof Problem)) return;
  const now = await get(`/v1/capture-sessions/${session.id}`).catch(() => session);
  session = ["created", "in_progress", "succeeded"].includes(now.state) ? now : null;
}

async function ended(then, waiting) {
  if (session.state === "succeeded") {
    tell("That is you. One moment …");
    const consent = await post("/v1/consents", { session_id: session.id, purposes: signed.purposes, days: signed.days }, granted);
    off();
    tell();
    then(consent);
  } else if (session.state === "in_progress") {
    const left = session.tries_left === 1 ? "One try is left." : `${session.tries_left} tries are left.`;
    tell("That did not convince yet.", ...session.advice, `${left} You will be asked for other movements and colours.`);
    at("start").textContent = "Try again";
    ready();
  } else {
    const id = session.id;
    session = null;
    off();
    tell();
    await waiting(`session=${id}`);
  }
}

function tell(...lines) {
  const said = lines.filter(Boolean);
  at("outcome").replaceChildren(...said.map((line) => made("p", line)));
  at("outcome").hidden = !said.length;
  if (said.length) at("outcome").scrollIntoView({ block: "start" });
  else at("start").textContent = "Start";
}
