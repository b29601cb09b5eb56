// A camera in the browser that films a person who does not exist, sitting before this very page: lit by whatever colour the
// page shows at that moment, doing what the page asks for. What the page does wrong, the film shows.
// film: {colour as the page's style has it: [{action, jpeg: base64}]}, the same moments in every colour; "" is a dark screen.
(() => {
  const WIDTH = 320, HEIGHT = 240, FRAME_MS = 66, MOMENT_MS = 140, REACTION_MS = 250, SWAY_PX = 2, KEEPS = 0.95, GRAIN = 3;
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  Object.assign(canvas, { width: WIDTH, height: HEIGHT });
  const film = {}, moments = {};
  let asked = "", since = 0, sway = [0, 0], filming;

  window.personSitsDown = async (sent) => {
    for (const [colour, shots] of Object.entries(sent)) {
      film[colour] = await Promise.all(shots.map(({ jpeg }) => createImageBitmap(new Blob([Uint8Array.from(atob(jpeg), (c) => c.charCodeAt(0))], { type: "image/jpeg" }))));
    }
    sent[""].forEach(({ action }, k) => (moments[action] ??= []).push(k));
  };

  function moment() {
    const stage = document.getElementById("stage"), action = stage.hidden ? "rest" : stage.dataset.action ?? "rest";
    if (action !== "rest" && action !== asked) [asked, since] = [action, performance.now() + REACTION_MS];
    const step = Math.floor((performance.now() - since) / MOMENT_MS), doing = moments[asked] ?? [], idle = moments.hold ?? moments.rest;
    return step >= 0 && step < doing.length ? doing[step] : idle[Math.floor(performance.now() / MOMENT_MS) % idle.length];
  }

  function shoot() {
    const stage = document.getElementById("stage"), colour = stage.hidden ? "" : stage.style.backgroundColor;
    const shots = film[colour] ?? film[""];
    if (!shots) return;
    const normal = () => Math.random() + Math.random() + Math.random() - 1.5;
    // Nobody sits quite still: some millimetres, and a face of 15 cm has 100 px here.
    sway = sway.map((px) => px * KEEPS + 2 * SWAY_PX * Math.sqrt(1 - KEEPS ** 2) * normal());
    pen.drawImage(shots[moment()], sway[0] - 8, sway[1] - 6, WIDTH + 16, HEIGHT + 12);
    const picture = pen.getImageData(0, 0, WIDTH, HEIGHT);
    for (let k = 0; k < picture.data.length; k++) if (k % 4 !== 3) picture.data[k] += (Math.random() - 0.5) * 2 * GRAIN;
    pen.putImageData(picture, 0, 0);
  }

  navigator.mediaDevices.getUserMedia = async () => {
    filming ??= setInterval(shoot, FRAME_MS); // a second check is before the same camera
    return canvas.captureStream();
  };
})();
