#!/bin/sh
# The whole recipe from seeds to weights. Every stage goes on where it was killed; a gate that is not reached ends the run.
# W: workspace; HOURS of the denoiser; set both processes' cores free for it.
set -eu
W=${W:-.cache/pocket}
HOURS=${HOURS:-8}
stage() { nice -n 10 "${BIN:-.venv/bin}/python" -m semblance.pocket.train "$@" --workspace "$W"; }

stage data --part 0 --parts 2 &
other=$!
stage data --part 1 --parts 2
wait "$other"
stage held-out
[ -f "$W/latents.npz" ] || stage prepare
stage alter
stage autoencoder --minutes "${AUTOENCODER_MINUTES:-120}"
stage gate
stage denoiser --processes 2 --minutes "$((HOURS * 60))"
stage plot
stage export
