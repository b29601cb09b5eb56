// The screen as a lamp. Its zero is when the first colour is on the screen; frames are timed from the same clock.

export function colourAt(colours, atMs) {
  let left = atMs % colours.reduce((sum, shown) => sum + shown.for_ms, 0);
  for (const shown of colours) {
    if (left < shown.for_ms) return shown.colour;
    left -= shown.for_ms;
  }
  return colours[colours.length - 1].colour;
}

const painted = () => new Promise((done) => requestAnimationFrame(done));

// Calls eachPaint(ms since zero) before every paint, until it gives true or the signal aborts.
export async function shine(surface, colours, eachPaint, signal) {
  const show = (colour) => { if (colours.length && surface.style.backgroundColor !== colour) surface.style.backgroundColor = colour; };
  show(colours[0]?.colour);
  await painted();
  const began = await painted();
  const now = () => performance.now() - began;
  try {
    for (let done = false; !done;) {
      const shownMs = Math.max(0, (await painted()) - began);
      signal.throwIfAborted();
      if (colours.length) show(colourAt(colours, shownMs));
      done = eachPaint(shownMs, now);
    }
  } finally {
    surface.style.backgroundColor = "";
  }
}
