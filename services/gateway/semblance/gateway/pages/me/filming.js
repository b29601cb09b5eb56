// One try before the camera: colours, what to do, frames. Times are those of the screen's clock.

import { Frames } from "/me/camera.js";
import { at } from "/me/dom.js";
import { shine } from "/me/screen.js";
import { MOVEMENTS } from "/me/words.js";

const REST_MS = 1200, AWAY_MS = 1300, BACK_MS = 900, HOLD_MS = 1800;
const SLOWER = 1.5; // of a movement, for whoever needs more time
const EVERY_MS = 200, MOST_FRAMES = 118; // every sixth of a usual camera; the service takes 120, over 60 s at most
const COUNT_DOWN = 3;

// What is said, and for how long. The colours must all have been shown once before it ends.
export function cues(challenge, colours, slow) {
  const pace = slow ? SLOWER : 1;
  const said = [{ ms: REST_MS, words: "Look straight at the camera", sign: "•" }];
  for (const word of challenge) {
    const movement = MOVEMENTS[word] ?? { first: word.replaceAll("_", " "), then: "… and back", sign: "" };
    said.push({ ms: AWAY_MS * pace, words: movement.first, sign: movement.sign, action: word, tone: 660 });
    said.push({ ms: BACK_MS * pace, words: movement.then, sign: "•", tone: word === "blink" ? 990 : 0 });
  }
  const shown = colours.reduce((sum, colour) => sum + colour.for_ms, 0), moved = said.reduce((sum, cue) => sum + cue.ms, 0);
  said.push({ ms: Math.max(HOLD_MS, shown + 300 - moved), words: "Hold still and look at the camera", sign: "•", action: "hold", tone: 440 });
  return said;
}

// Gives [{at_ms, jpeg}]. Rejects when stopped, or when the page is left: a hidden page shows no colours.
export async function film(session, slow) {
  const stage = at("stage"), before = document.activeElement, stopping = new AbortController(), tones = new Tones();
  const stop = (why) => stopping.abort(new Error(why));
  const clicked = () => stop("Stopped. No try was used.");
  const key = (event) => { if (event.key === "Escape") clicked(); };
  const left = () => { if (document.hidden) stop("The page was left, so the colours could not be shown. No try was used."); };
  const listeners = [[at("stop"), "click", clicked], [document, "keydown", key], [document, "visibilitychange", left]];
  for (const [target, kind, act] of listeners) target.addEventListener(kind, act);
  stage.hidden = false;
  document.querySelector("main").inert = true;
  at("stop").focus();
  await stage.requestFullscreen?.().catch(() => {}); // larger is brighter; it works without
  let frames;
  try {
    await at("mirror").play().catch(() => {});
    const said = cues(session.challenge, session.colours, slow);
    await countDown(session.challenge, stopping.signal);
    const length = said.reduce((sum, cue) => sum + cue.ms, 0);
    const every = Math.max(EVERY_MS, length / (MOST_FRAMES - 2));
    let shown;
    await shine(stage, session.colours, (ms, clock) => {
      frames ??= new Frames(at("mirror"), clock, every, MOST_FRAMES);
      const cue = cueAt(said, ms);
      if (cue !== shown) {
        show((shown = cue));
        if (cue.tone) tones.play(cue.tone);
      }
      at("progress").value = Math.min(100, (100 * ms) / length);
      return ms >= length;
    }, stopping.signal);
    return await frames.taken();
  } finally {
    frames?.stop();
    tones.end();
    for (const [target, kind, act] of listeners) target.removeEventListener(kind, act);
    if (document.fullscreenElement) await document.exitFullscreen().catch(() => {});
    document.querySelector("main").inert = false;
    stage.hidden = true;
    delete stage.dataset.action;
    before?.focus();
  }
}

function cueAt(said, ms) {
  let left = ms;
  for (const cue of said) {
    if (left < cue.ms) return cue;
    left -= cue.ms;
  }
  return said[said.length - 1];
}

function show({ words, sign, action }) {
  at("do").textContent = words;
  at("sign-of").textContent = sign;
  at("stage").dataset.action = action ?? "rest";
}

async function countDown(challenge, signal) {
  at("progress").value = 0;
  for (let left = COUNT_DOWN; left > 0; left--) {
    show({ words: `Look at the camera. It begins in ${left}`, sign: "•" });
    await new Promise((done) => setTimeout(done, 1000));
    signal.throwIfAborted();
  }
}

// For eyes that are closed or turned away.
class Tones {
  #audio = window.AudioContext ? new AudioContext() : null;

  play(hertz) {
    if (!this.#audio) return;
    const tone = this.#audio.createOscillator(), volume = this.#audio.createGain(), now = this.#audio.currentTime;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.15, now);
    volume.gain.exponentialRampToValueAtTime(0.001, now + 0.25);
    tone.connect(volume).connect(this.#audio.destination);
    tone.start(now);
    tone.stop(now + 0.25);
  }

  end() { this.#audio?.close(); }
}
