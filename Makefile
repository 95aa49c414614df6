# Everything runs in .venv, which each target brings up to date with the locked requirements first.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
LOCKS := requirements/dev.txt requirements/series.txt
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host --no-emit-options

.PHONY: help venv demo test check mutants wasm32 linked budgets fuzz bench cost soak soak-board soak-sim reconnects field-day power-cuts
.PHONY: lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 8

venv: .venv/ready ## set up .venv with exactly the locked packages

.venv/ready: $(LOCKS) pyproject.toml
	@sh tools/need.sh venv $(PYTHON)
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/series.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/ready ## run a simulated site, a broker and a head-end together
	$(BIN)/siteward demo $(ARGS)

test: .venv/ready build/wasm32/ready build/cost/ready ## run every test on CPython and on MicroPython
	@sh tools/need.sh mosquitto
	@sh tools/need.sh softhsm2
	$(BIN)/python -m pytest --numprocesses 3 --max-worker-restart 0 --dist loadfile --no-loadscope-reorder $(ARGS)

# A machine without npm goes on without it: the tests that need it say so.
build/wasm32/ready: requirements/wasm32.txt .venv/ready
	@$(BIN)/python -m tests.wasm32.fetch

wasm32: .venv/ready build/wasm32/ready ## run all shared tests in MicroPython for 32 bits, 10 minutes; ARGS=test_loop for one file
	$(BIN)/python -m tests.wasm32 $(ARGS)

linked: .venv/ready ## run all shared tests on the linked agent, 2 minutes; ARGS=test_loop for one file
	$(BIN)/python -m tests.footprint $(ARGS)

budgets: .venv/ready build/wasm32/ready ## measure what is budgeted; ARGS=--update takes over what became smaller
	$(BIN)/python -m tests.budgets $(ARGS)

check: .venv/ready ## lint, formatting, types and the house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.tidy

mutants: .venv/ready ## change the safety core token by token: do the tests notice? about 20 minutes
	$(BIN)/python -m tools.mutants $(ARGS)

fuzz: .venv/ready ## give every decoder hostile bytes, a minute each; ARGS="--minutes 10 cbor" for longer
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: .venv/ready ## measure against bare programs, about 10 minutes
	$(BIN)/python -m tools.bench $(ARGS)

# The solver and the temperatures are needed for this and its test alone.
build/cost/ready: requirements/cost.txt .venv/ready
	$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/cost.txt
	@mkdir -p $(@D) && touch $@

cost: .venv/ready build/cost/ready ## what a home pays against uncontrolled and against perfect foresight, about a quarter of an hour
	$(BIN)/python -m tools.cost $(ARGS)

soak: .venv/ready ## kill agents, broker and devices at random for ten minutes
	$(BIN)/python -m tools.soak $(ARGS)

soak-board: .venv/ready ## run a board's agent on its heap for an hour: does it grow, does it hold its limit?
	$(BIN)/python -m tools.soak_board $(ARGS)

soak-sim: .venv/ready ## simulate a day of each of three thousand random sites in virtual time
	$(BIN)/python -m tools.simulate day --seeds 3000 --json $(ARGS)

reconnects: .venv/ready ## let both uplinks fail to connect in every way, 10000 times each, about 25 minutes
	$(BIN)/python -m tests.field reconnects $(ARGS)

field-day: .venv/ready ## let a board live through a virtual day inside MicroPython, about four minutes
	$(BIN)/python -m tests.field day $(ARGS)

power-cuts: .venv/ready ## cut the power at every byte of each journal store, about 12 minutes
	$(BIN)/python -m tests.power_cuts $(ARGS)

lock: .venv/ready ## renew the locked requirements
	$(BIN)/pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --extra gateway -o requirements/gateway.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --extra gateway --extra pkcs11 -o requirements/gateway-pkcs11.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --extra gateway --extra markets -o requirements/gateway-markets.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --all-extras --all-build-deps -o requirements/dev.txt pyproject.toml

clean: ## remove everything that was made
	rm -rf .venv build demo-out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
