# One command each; `.ci/run` calls the same targets.
PYTHON ?= python3
UV_VERSION := 0.13.9
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export MLFLOW_DISABLE_TELEMETRY := true
export BENTOML_DO_NOT_TRACK := true
export DO_NOT_TRACK := true
unexport PYTHONDONTWRITEBYTECODE  # every process would compile every module anew

.PHONY: demo test lint types imports check bench bench-import bench-score bench-world bench-features bench-engine bench-prepaid bench-quality bench-real bench-monitor bench-money bench-spiral bench-reasons bento contract fuzz soak system-deps clean bench-service bench-store bench-endurance release-check

demo: .venv/ready          ## the main job on a made-up market, start to finish
	@.venv/bin/rto demo

test: .venv/ready          ## everything this machine can run; says aloud what it skips
	@.venv/bin/python -m pytest -q -n auto --dist loadfile --cov --cov-report=term:skip-covered $(ARGS)

lint: .venv/ready
	.venv/bin/ruff check . && .venv/bin/ruff format --check .

types: .venv/ready
	.venv/bin/mypy

imports: .venv/ready
	.venv/bin/lint-imports

check: lint types imports test

bench: .venv/ready         ## timings, printed as a table and written as dated JSON
	@.venv/bin/python -m tests.bench $(ARGS)

bench-import: .venv/ready  ## imports of a million orders alone, by stage; ARGS="--orders 50000" for less
	@.venv/bin/python -m tests.bench import $(ARGS)

bench-score: .venv/ready   ## `rto score`: orders a second by stage, as a table and as dated JSON
	@.venv/bin/python -m tests.bench.score_file

bench-service: .venv/ready ## the service under load beside its floor and the usual stack; ARGS="--seconds 20 --long --write", needs cc
	@.venv/bin/python -m tests.bench.service $(ARGS)

bench-endurance: .venv/ready ## the service for long: a soak, SIGTERMs, models swapped under load; ARGS="--minutes 1 --terms 3 --swaps 10 --write", needs cc
	@.venv/bin/python -m tests.bench.endurance $(ARGS)

bench-world: .venv/ready   ## the project's own model beside the oracles of made-up markets; minutes
	@.venv/bin/python -m tests.bench.world $(ARGS)

bench-engine: .venv/ready   ## the replay beside Polars, DuckDB, pandas and the floor; ARGS="--orders 1000000 10000000 --write"
	@.uv/bin/uv sync --frozen --quiet --inexact --group bench
	@.venv/bin/python -m tests.bench.engine $(ARGS)

bench-store: .venv/ready   ## both stores: a history brought in, keys read, news kept, a restore; ARGS="--orders 200000 --keys 10000000 --write"
	@.venv/bin/python -m tests.bench.store $(ARGS)

bench-features: .venv/ready ## what each group of features is worth, what was tried, what is left to gain; ARGS="--orders 100000 --keep"
	@.venv/bin/python -m tests.bench.features $(ARGS)

bench-prepaid: .venv/ready  ## the risk if paid before, in several ways, beside the truth; ARGS="--orders 120000 --seeds 7"
	@.venv/bin/python -m tests.bench.prepaid $(ARGS)

bench-quality: .venv/ready ## the model beside the oracle: the goal table; ARGS="--orders 200000 --seed 8 --keep FOLDER --write"
	@.venv/bin/python -m tests.bench.quality $(ARGS)

bench-real: .venv/ready    ## the model on real order files, beside its baselines; ARGS="FOLDER --against CHECKOUT --write"
	@.venv/bin/python -m tests.bench.real $(ARGS)

bench-money: .venv/ready   ## what decisions earn beside the oracle: the goal table; ARGS="--orders 100000 --seed 8"
	@.venv/bin/python -m tests.bench.money $(ARGS)

bench-reasons: .venv/ready  ## do reasons hold: do they add up, lower the risk when taken away, stay after a retrain? ARGS="--orders 40000 --seed 8"
	@.venv/bin/python -m tests.bench.reasons $(ARGS)

bench-spiral: .venv/ready  ## what a model forgets of orders it keeps away, with a holdout and without; ARGS="--orders 100000 --seed 8"
	@.venv/bin/python -m tests.bench.spiral $(ARGS)

bench-monitor: .venv/ready ## what the monitor sees of shifts in made-up markets; ARGS="--seed 9 --write"
	@.venv/bin/python -m tests.bench.monitor $(ARGS)

bento: .venv/ready serving/requirements.txt  ## the service alone, as a Bento: no data, no training, no pandas; prints its tag
	@PATH="$(CURDIR)/.uv/bin:$$PATH" .venv/bin/bentoml build --output tag

# What a Bento installs: the locked versions of the group `serve`.
serving/requirements.txt: uv.lock
	@.uv/bin/uv export --frozen --only-group serve --no-emit-project --no-hashes --no-header --no-annotate --output-file $@ --quiet

contract: .venv/ready      ## the API asked all that its document allows, and much more: three seeds, 2,000 cases of each operation
	for seed in 1 2 3; do RTO_CONTRACT_CASES=2000 RTO_CONTRACT_SEED=$$seed .venv/bin/python -m pytest -q -p no:cacheprovider tests/service/test_everything_the_document_says.py $(ARGS) || exit 1; done

fuzz: .venv/ready          ## what comes from outside, fuzzed by coverage; ARGS="body csv --seconds 600" or "--runs 5000000"
	@.uv/bin/uv sync --frozen --quiet --inexact --group fuzz
	@.venv/bin/python -m tests.fuzz $(ARGS)

release-check: .venv/ready ## what takes too long for every change: cases, fuzzing, kills, loads, hours in all; stops where something fails
	$(MAKE) contract
	$(MAKE) fuzz ARGS="--seconds 600"
	RTO_KILL_TRIALS=500 RTO_POWER_CUTS=1000 .venv/bin/python -m pytest -q -p no:cacheprovider tests/faults/test_kill_9.py tests/faults/test_power_cut.py
	$(MAKE) soak
	$(MAKE) bench-service ARGS="--long --write"
	$(MAKE) bench-endurance ARGS="--write"

soak: .venv/ready          ## the random tests, long and truly at random
	RTO_HYPOTHESIS=soak .venv/bin/python -m pytest -q -p no:cacheprovider tests/parity tests/unit $(ARGS)

system-deps:               ## what PyPI does not carry (Debian, Ubuntu)
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium

# The locked environment; uv lives beside it so that a sync does not remove it.
.venv/ready: pyproject.toml uv.lock
	@test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv==$(UV_VERSION); }
	@.uv/bin/uv sync --frozen --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@touch $@

clean:
	rm -rf .venv .uv var
