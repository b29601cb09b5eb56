# Two commands matter: `make demo` and `make test`. Both set everything up on a machine that has Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MODELS := .cache/models/.fetched
POCKET_TOOLS := $(VENV)/.pocket-tools
LOAD_TOOLS := $(VENV)/.load-tools
IMAGE_TOOLS := $(VENV)/.image-tools
PROFILE ?= standard
PHOTOS ?=
ENGINE ?=
WORKERS ?= 3
POLITELY := nice -n 5
# Files named, since to look into every one for a mark takes a quarter of a minute. ALONE: they start what they need.
WALKING = $(sort $(shell grep -rlE --include='test_*.py' 'mark\.(e2e|resilience)\b' libs services tests))
ALONE = $(filter-out tests/%,$(WALKING)) tests/resilience/test_filter_killed.py

.DEFAULT_GOAL := help
.PHONY: help setup models demo test check units walks kills contracts openapi chart images sbom images-lint images-proof restore-proof drain-proof lock clean
.PHONY: bench-people bench-identity bench-revocation bench-safety bench-provenance bench-events bench-gateway bench-engine bench-width bench-choice bench-strength bench-pocket pocket-train loadtest

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP)  ## Create .venv and install the pinned packages
$(STAMP): requirements/lock.txt requirements/lock-no-deps.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/lock-no-deps.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

models: $(MODELS)  ## Fetch the face models (pinned sha256, licences recorded)
$(MODELS): $(STAMP) libs/local/semblance/local/models.yaml
	@$(BIN)/python -m semblance.local.models fetch
	@touch $@

demo: $(STAMP) $(MODELS)  ## Walk the main job on real parts; PHOTOS=dir uses your own photos; ENGINE=ray draws on Ray Serve
	@$(BIN)/python -m semblance.local.demo --out out/demo $(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(ENGINE),--engine $(ENGINE))

test: $(STAMP) $(MODELS)  ## Every check and every test
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target check units walks kills

# Walks and kills wait more than they work, so the rest runs in their pauses and gives way: they hold others to seconds.
# Units wait too, for brokers and browsers: two workers keep two cores 57 % busy, so there is one worker more than cores.
units: $(STAMP) $(MODELS)
	@OMP_NUM_THREADS=1 $(POLITELY) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -o timeout=300 -m "not e2e and not resilience" tests libs services

walks: $(STAMP) $(MODELS)
	@$(BIN)/python -m pytest -q -m "e2e or resilience" $(filter-out $(ALONE),$(WALKING))

kills: $(STAMP) $(MODELS)
	@$(BIN)/python -m pytest -q -m "e2e or resilience" $(ALONE)

check: $(STAMP) $(MODELS)  ## Lint, format, types, import rules
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(POLITELY) $(BIN)/mypy --no-error-summary libs services
	@$(BIN)/lint-imports --no-cache

contracts: $(STAMP)  ## Regenerate stubs, registry and AsyncAPI documents from protos/
	@$(BIN)/python -m semblance.contracts.generate

openapi: $(STAMP)  ## Write docs/openapi.json from the gateway's routes
	@$(BIN)/python -m semblance.gateway.testing.write_openapi docs/openapi.json

chart: $(STAMP)  ## Write the chart's facts from the code, and its golden renders
	@$(BIN)/python -m pytest -q tests/chart --rewrite-chart

images: $(STAMP)  ## Write every Dockerfile and what each image installs, from what each service imports
	@$(BIN)/python requirements/images.py

sbom: $(LOAD_TOOLS)  ## Write the bill of materials of every image (CycloneDX)
	@$(BIN)/python requirements/sbom.py

restore-proof: $(STAMP) $(MODELS)  ## Back up, erase and take back, lose everything, restore: some starts, some minutes
	@SEMBLANCE_RESTORE=1 $(BIN)/python -m pytest -q tests/resilience/test_restore.py

drain-proof: $(STAMP) $(MODELS)  ## Nodes and engines go and come while people draw, on a Ray cluster, into docs/benchmarks: four minutes
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_drain

images-lint: $(IMAGE_TOOLS)  ## hadolint over every Dockerfile
	@$(BIN)/hadolint --failure-threshold style services/*/Dockerfile libs/*/Dockerfile loadtests/Dockerfile && echo "hadolint finds nothing"

images-proof: $(STAMP) $(MODELS)  ## Obey each Dockerfile in a clean Debian root and start the service; root, debootstrap; IMAGES="gateway walk"
	@$(BIN)/python tests/bench_images $(if $(IMAGES),--images $(IMAGES))

$(IMAGE_TOOLS): $(STAMP) requirements/image-tools.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/image-tools.txt
	@touch $@

lock: $(STAMP)  ## Rewrite requirements/lock.txt from the packages installed now
	@$(BIN)/python requirements/freeze.py > requirements/lock.txt.new && mv requirements/lock.txt.new requirements/lock.txt

bench-people: $(STAMP) $(MODELS)  ## Measure the synthetic people
	@$(BIN)/python -m semblance.synthetic_people.bench_people

bench-pocket: $(POCKET_TOOLS)  ## Measure the embedded backbone: 20 people, half an hour on two cores
	@OMP_NUM_THREADS=1 $(BIN)/python -m semblance.pocket.bench --report docs/benchmarks --card

pocket-train: $(POCKET_TOOLS)  ## Train the embedded backbone from seeds: a night on two cores, resumable
	@OMP_NUM_THREADS=1 BIN=$(BIN) sh libs/pocket/train.sh

$(POCKET_TOOLS): $(STAMP) $(MODELS) requirements/pocket.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/pocket.txt
	@touch $@

bench-choice: $(STAMP) $(MODELS)  ## Measure whether choosing among a training's candidates pays: half an hour
	@OMP_NUM_THREADS=1 $(BIN)/python -m semblance.training.bench_choice

bench-strength: $(STAMP) $(MODELS)  ## Measure how much of what was learnt is best worn: half an hour, goes on where it was stopped
	@OMP_NUM_THREADS=1 $(BIN)/python -m semblance.training.bench_strength

bench-identity: $(STAMP) $(MODELS)  ## Measure the opt-in; PEOPLE=150 for tighter bounds, MODEL=deepface:... for its thresholds
	@$(BIN)/python -m semblance.identity.bench$(if $(MODEL),.thresholds --model $(MODEL)) $(if $(PEOPLE),--people $(PEOPLE))

bench-revocation: $(STAMP) $(MODELS)  ## Measure how soon a withdrawal holds everywhere, under load: ten minutes
	@$(BIN)/python tests/bench_revocation

bench-safety: $(STAMP) $(MODELS)  ## Measure the likeness filter: half an hour on two cores
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_safety

bench-provenance: $(STAMP) $(MODELS)  ## Measure signing, verifying and what survives a platform; PARTS=signing for one part
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_provenance $(if $(PARTS),--parts $(PARTS))

bench-events: $(STAMP)  ## Measure events a second, from outbox to effect, and behind a long log: seven minutes
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_events

bench-gateway: $(STAMP)  ## Measure what accepting a picture costs the gateway: a minute
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_gateway

loadtest: $(LOAD_TOOLS)  ## Load with a verdict: 5 minutes; PROFILE=smoke (40 s), chaos, rounds, soak, capacity, overhead; CHAOS=1 breaks things; TRACE=file replays
	@OMP_NUM_THREADS=1 $(BIN)/python -m loadtests --profile $(PROFILE) $(if $(CHAOS),--chaos) $(if $(TRACE),--trace "$(TRACE)") $(if $(TRACE)$(filter smoke,$(PROFILE)),--requests,--publish) docs/benchmarks

$(LOAD_TOOLS): $(STAMP) $(MODELS) requirements/loadtest.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/loadtest.txt
	@touch $@

bench-engine: $(STAMP) $(MODELS)  ## Measure many people's adapters on one backbone; PARTS="batch waiting" for some parts
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_engine $(if $(PARTS),--parts $(PARTS))

bench-width: $(STAMP) $(MODELS)  ## Learn narrower adapters, see how like their people they are and what they cost: two hours and more, goes on where it was stopped
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_engine/likeness.py
	@OMP_NUM_THREADS=1 $(BIN)/python tests/bench_engine --parts width

clean:  ## Remove what the commands made, not the virtual environment
	rm -rf out .mypy_cache .ruff_cache .pytest_cache
