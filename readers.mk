# The independent readers (PyTorch, TorchGeo, TerraTorch, …) in an environment of their own: some GB.
READERS_VENV := .venv-readers
READERS_BIN  := $(READERS_VENV)/bin
READERS_UV   := $(BIN)/uv pip install --quiet --python $(READERS_BIN)/python

.PHONY: install-readers test-readers

$(READERS_BIN)/python: | $(BIN)/python
	@$(BIN)/python -m venv --without-pip $(READERS_VENV)

# PyTorch comes from where pip is told to find it (a folder of wheels, an index of CPU builds): uv
# doesn't read pip's settings.
$(READERS_VENV)/.torch: readers.mk $(READERS_BIN)/python $(VENV)/.uv
	@UV_INDEX="$$($(BIN)/python -m pip config get global.extra-index-url 2>/dev/null)" \
	 $(READERS_UV) --group readers-torch
	@touch $@

$(READERS_VENV)/.installed: $(READERS_VENV)/.torch pyproject.toml tests/readers/constraints.txt
	@$(READERS_UV) --editable . --group test --group readers --constraints tests/readers/constraints.txt
	@touch $@

install-readers: $(READERS_VENV)/.installed

test-readers: install-readers
	$(READERS_BIN)/python -m pytest tests/readers
