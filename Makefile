# Two commands matter: `make run` and `make test`. Both may be run again at any time.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CXR_HOME ?= var
export CXR_HOME

.PHONY: run test lint bench train ablation new-site gallery fingerprints burned-in fuzz example screenshots pythons docs clean

run: $(VENV)/runs
	CXR_DEMO=$${CXR_DEMO-1} $(BIN)/streamlit run app.py

# What waits for browsers and workers of its own goes last and alone, the rest on all cores.
test: $(VENV)/develops $(VENV)/provides debian
	$(BIN)/python -m pytest -m "not browser and not alone" -n auto --dist worksteal
	$(BIN)/python -m pytest -m "browser or alone"

lint: $(VENV)/develops
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# ONLY names some; those of drift need DATA and SECOND, as below.
bench: $(VENV)/develops debian
	@$(BIN)/python -m bench $(ONLY)

# Figures and tables in README.md and docs/, from the card and from docs/*.jsonl (make -s bench > docs/bench.jsonl).
docs: $(VENV)/runs
	$(BIN)/python -m tools.docs

# The first release is made by this; DATA is the folder with NORMAL/ and PNEUMONIA/.
train: $(VENV)/runs
	$(BIN)/python -m cxr_core train $(DATA) --out build/cxr-resnet18-r3.safetensors

# Which parts of the recipe help: hours. DATA as above, SECOND another hospital's; goes on where it was broken off.
ablation: $(VENV)/runs
	$(BIN)/python -m tools.ablation $(DATA) $(SECOND)

# What reads of half of another hospital's patients teach the release: hours. DATA, SECOND and going on as above.
new-site: $(VENV)/runs
	$(BIN)/python -m tools.new_site $(DATA) $(SECOND)

# docs/figures/failures.png and docs/failures.json: where the first release errs on phantoms and painted strangers.
gallery: $(VENV)/runs
	$(BIN)/python -m tools.gallery

# How far fingerprints lie apart (make -s fingerprints > docs/fingerprints.jsonl): minutes. DATA and SECOND as above.
fingerprints: $(VENV)/runs
	@$(BIN)/python -m tools.fingerprints $(DATA) $(SECOND)

# How well burnt-in text is found (make -s burned-in > docs/burned_in.jsonl): minutes. DATA and SECOND as above.
burned-in: $(VENV)/runs
	@$(BIN)/python -m tools.burned_in $(DATA) $(SECOND)

# Broken files and bodies, 10,000 of each kind (make -s fuzz > docs/fuzz.jsonl): a quarter of an hour.
fuzz: $(VENV)/develops
	@$(BIN)/python -m tools.fuzz

# The example database, made by the program's own code.
example: $(VENV)/runs
	$(BIN)/python -m tools.example feedback.db.example

# The pictures of the README and docs/, taken by the browser tests' own code.
screenshots: $(VENV)/develops $(VENV)/provides debian
	CXR_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest tests/browser

.PHONY: debian
debian:
	@sh tools/debian-packages.sh

$(VENV)/runs: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/develops: requirements-dev.txt $(VENV)/runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(VENV)/provides: requirements-provider.txt $(VENV)/runs
	test -x $(VENV)/provider/bin/python || $(BIN)/python -m venv $(VENV)/provider
	$(VENV)/provider/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-provider.txt
	touch $@

# The supported versions of Python, each in an environment of its own: takes long, and several GB.
pythons:
	sh tools/check_pythons.sh

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
