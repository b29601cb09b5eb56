// The person's camera, and frames of it as JPEG. What is sent is as the camera sees it, not as the mirror shows it.

const LONGER_SIDE_PX = 400, QUALITY = 0.9;

export async function open(videos) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("This browser gives pages no camera here. Open the page by https, in a current browser.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
    });
  } catch (error) {
    const why = { NotAllowedError: "The camera was not allowed. Allow it for this page and try again.", NotFoundError: "No camera was found. Attach one and try again." };
    throw new Error(why[error.name] ?? "The camera could not be opened. Close other programs that use it and try again.");
  }
  await Promise.all(videos.map((video) => showing(video, stream)));
  return stream;
}

async function showing(video, stream) {
  const ready = new Promise((done) => video.addEventListener("loadedmetadata", done, { once: true }));
  video.srcObject = stream;
  await ready;
  await video.play().catch(() => {}); // hidden ones may not play yet
  video.parentElement.classList.toggle("tall", video.videoHeight > video.videoWidth);
}

export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

// Takes a frame every so often; clock() is ms since the colours began. `taken()` stops and gives [{at_ms, jpeg}].
export class Frames {
  #video; #clock; #everyMs; #most; #kept = []; #next = 0; #running = true;
  #canvas = document.createElement("canvas");

  constructor(video, clock, everyMs, most) {
    Object.assign(this.#canvas, size(video));
    this.#video = video;
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#most = most;
    this.#wait();
  }

  #wait() {
    if (!this.#running) return;
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback((now, about) => this.#see(about.captureTime ?? now));
    else requestAnimationFrame((now) => this.#see(now)); // no way to know when it was taken; some lag is allowed for
  }

  #see(takenAt) {
    const atMs = Math.round(this.#clock() - Math.max(0, performance.now() - takenAt));
    const last = this.#kept.at(-1)?.at_ms ?? -1;
    if (this.#running && atMs >= this.#next && atMs > last && this.#kept.length < this.#most) {
      this.#next = Math.max(this.#next + this.#everyMs, atMs + this.#everyMs / 2);
      this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
      this.#kept.push({ at_ms: atMs, jpeg: new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", QUALITY)) });
    }
    this.#wait();
  }

  stop() { this.#running = false; }

  async taken() {
    this.stop();
    const jpegs = await Promise.all(this.#kept.map((frame) => frame.jpeg));
    return this.#kept.map(({ at_ms }, k) => ({ at_ms, jpeg: jpegs[k] })).filter(({ jpeg }) => jpeg);
  }
}

function size(video) {
  const scale = Math.min(1, LONGER_SIDE_PX / Math.max(video.videoWidth, video.videoHeight));
  return { width: Math.round(video.videoWidth * scale), height: Math.round(video.videoHeight * scale) };
}
