# Benchmarks; none is part of CI. benchmarks/README.md says what they measure and what came out.
.PHONY: bench bench-burn bench-plan bench-memory bench-peers bench-scale bench-scaling bench-scenes bench-start

# Peers want an environment of their own: 7 GB.
PEERS_VENV := .venv-peers

bench: install-test
	@$(BIN)/python -m compileall -q src
	$(BIN)/python benchmarks/bench_export.py

bench-burn: install-test
	$(BIN)/python benchmarks/bench_burn.py

bench-plan: install-test
	$(BIN)/python benchmarks/bench_plan.py

bench-start: install-test
	@$(BIN)/python -m compileall -q src
	$(BIN)/python benchmarks/bench_start.py

bench-scaling: install-test
	$(BIN)/python benchmarks/bench_scaling.py
	$(BIN)/python benchmarks/bench_scaling.py --dask --runs 3

bench-scenes: install-test
	@$(BIN)/python -m compileall -q src
	$(BIN)/python benchmarks/bench_scenes.py

bench-scale: install-test
	$(BIN)/python benchmarks/bench_scale.py
	$(BIN)/python benchmarks/bench_scale.py --copied --size 256 --chips 65536,262144

bench-memory: install-test
	$(BIN)/python benchmarks/bench_memory.py

$(PEERS_VENV)/.installed: benchmarks/peers/requirements.txt $(VENV)/.uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEERS_VENV)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(PEERS_VENV)/bin/python --requirement $<
	@touch $@

bench-peers: install-test $(PEERS_VENV)/.installed
	$(BIN)/python benchmarks/bench_peers.py --python $(PEERS_VENV)/bin/python
