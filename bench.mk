# Benchmarks; none is part of CI. benchmarks/README.md says what they measure and what came out.
.PHONY: bench bench-burn bench-plan bench-memory

bench: install-test
	@$(BIN)/python -m compileall -q src
	$(BIN)/python benchmarks/bench_export.py

bench-burn: install-test
	$(BIN)/python benchmarks/bench_burn.py

bench-plan: install-test
	$(BIN)/python benchmarks/bench_plan.py

bench-memory: install-test
	$(BIN)/python benchmarks/bench_memory.py
