# PRO Denpasar Plus. `make` alone lists what can be done; every target sets up what it needs first.
#
# Settings are plain variables, on the command line or in the environment:
#   make run PORT=9000 DATA_DIR=.local-2 CITY=tangerang-selatan SAMPLE=1

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
VENV ?= .venv
CITY ?= denpasar
DATA_DIR ?= .local
FILE ?=
PYTEST_ARGS ?=
STAGE ?= dev
MACHINE ?= arm64
FUZZ_EXAMPLES ?= 200
SEED ?=
PER_YEAR ?=
LEVELS ?=
RULES ?=
SINCE ?=
UNTIL ?=
SIMULATE_ARGS ?=
CLIENT ?=
SCOPES ?=
PER_HOUR ?=
REVOKE ?=
ADD ?=
REMOVE ?=
INVITE ?=
EMPTY ?=

PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
# The resolver behind `make requirements`; it is not needed to run or test, so it is in no requirements file.
UV_VERSION := 0.13.9
# It pins a boto3 of its own, years behind ours, so it gets an environment of its own too.
CHECKOV_VERSION := 3.3.30
CHECKOV := .venv-checkov
UV_COMPILE = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make requirements' $(UPGRADE)
WEB_READY := web/node_modules/.ready
WEB_SOURCES := web/src web/public web/index.html web/package-lock.json web/vite.config.ts web/vite.sw.config.ts docs/openapi.yaml
HAS_NODE := command -v node > /dev/null && command -v npm > /dev/null
needs_file = @test -n "$(FILE)" || { echo "FILE is missing: make $@ FILE=<$(1)>" >&2; exit 2; }

.PHONY: help
help: ## List the targets (this text)
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { print substr($$0, 4) } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##@ Run

.PHONY: run
run: setup web-if-node ## Start the whole service here, with the web client: PORT=, DATA_DIR=, CITY=, SAMPLE=1
	@exec $(PY) -m local run

.PHONY: web
web: $(WEB_READY) ## Build the web client into web/dist, within its budget of bytes (needs Node 20.19 and npm)
	@# Exact boundaries that a city installed (make boundaries) are drawn on its map.
	@if [ -f chalicelib/cities/$(CITY)/boundaries.geojson ]; then \
		mkdir -p web/public/peta && cp chalicelib/cities/$(CITY)/boundaries.geojson web/public/peta/batas.geojson; fi
	@cd web && npm run -s build

# Without Node the plain pages serve alone; what was built before is built again only when its sources changed.
.PHONY: web-if-node
web-if-node:
	@if ! $(HAS_NODE); then echo "  Tanpa Node.js: hanya halaman sederhana / no Node.js: the plain pages alone"; \
		elif [ ! -f web/dist/index.html ] || [ -n "$$(find $(WEB_SOURCES) -newer web/dist/index.html -print -quit)" ]; then $(MAKE) --no-print-directory web; fi

$(WEB_READY): web/package-lock.json web/package.json
	@$(HAS_NODE) || { echo "Node.js 20.19 dan npm diperlukan / Node.js 20.19 and npm are needed" >&2; exit 1; }
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: demo
demo: setup ## Tell the story over HTTP against a running service; FILE=<csv> replays texts
	@exec $(PY) -m local demo $(if $(FILE),--file "$(FILE)")

.PHONY: pictures
pictures: setup ## Draw docs/pictures from a running service with the sample city (needs Chromium)
	@$(PY) -m local.pictures
	@if [ -x web/node_modules/.bin/vite ]; then node web/scripts/pictures.mjs; fi

.PHONY: simulate
simulate: setup ## Play a year of CITY through the rules, as a table and an SVG: FILE=<csv>, LEVELS=<toml>, SEED=, PER_YEAR=, SIMULATE_ARGS=
	@exec $(PY) -m local.simulate --city "$(CITY)" $(if $(FILE),--file "$(FILE)") $(if $(LEVELS),--levels "$(LEVELS)") \
		$(if $(SEED),--seed "$(SEED)") $(if $(PER_YEAR),--per-year "$(PER_YEAR)") $(SIMULATE_ARGS)

.PHONY: route-check
route-check: setup ## Try routing rules on past complaints: FILE=<csv or jsonl>, RULES=<toml> instead of the profile's, CITY=
	$(call needs_file,csv)
	@exec $(PY) -m local.routes "$(FILE)" --city "$(CITY)" $(if $(RULES),--rules "$(RULES)")

.PHONY: figures
figures: setup ## Honest fix rate by office, and how good the keyword rules are: FILE=<export folder or complaints.jsonl>, SINCE=, UNTIL=
	$(call needs_file,export folder)
	@exec $(PY) -m infra.figures "$(FILE)" --city "$(CITY)" $(if $(SINCE),--since "$(SINCE)") $(if $(UNTIL),--until "$(UNTIL)")

.PHONY: posts
posts: setup ## People, their posts and accounts: FILE=<csv> imports a roster, ADD=yes beside who is there; REMOVE=, INVITE=<phone or e-mail>
	@exec $(PY) -m infra.posts $(if $(FILE),"$(FILE)") $(if $(ADD),--add) $(if $(REMOVE),--remove "$(REMOVE)") \
		$(if $(INVITE),--invite "$(INVITE)")

.PHONY: api-key
api-key: setup ## Keys of other systems (Open311): CLIENT=<name> makes one, REVOKE=<id> ends one, else all are listed; SCOPES=, PER_HOUR=
	@exec $(PY) -m infra.api_keys $(if $(CLIENT),--client "$(CLIENT)") $(if $(SCOPES),--scopes "$(SCOPES)") \
		$(if $(PER_HOUR),--per-hour "$(PER_HOUR)") $(if $(REVOKE),--revoke "$(REVOKE)")

.PHONY: search-index
search-index: setup ## Make the words by which staff find cases anew: EMPTY=yes takes everything out first
	@exec $(PY) -m infra.search_index $(if $(EMPTY),--empty "$(EMPTY)")

.PHONY: boundaries
boundaries: setup ## Install exact village boundaries of CITY (kept out of git): FILE=<GeoJSON>
	$(call needs_file,GeoJSON)
	@exec $(PY) -m infra.boundaries "$(FILE)" --city "$(CITY)"

.PHONY: setup
setup: $(INSTALLED) ## Make .venv with the pinned, hashed requirements (other targets do this for you)

$(INSTALLED): requirements.txt requirements-dev.txt
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) was not found. Install Python 3.11, 3.12 or 3.13, or name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "==> 1/2 a virtual environment in $(VENV) ($$($(PYTHON) -V))"
	@# An environment of another Python is emptied first: two versions in one folder break each other.
	@minor='import sys; print(sys.version_info[:2])'; clear=; \
		if [ -d $(VENV) ] && [ "$$($(PY) -c "$$minor" 2> /dev/null)" != "$$($(PYTHON) -c "$$minor")" ]; then clear=--clear; fi; \
		$(PYTHON) -m venv $$clear $(VENV)
	@echo "==> 2/2 the pinned packages (some 400 MB the first time; two engines are most of it)"
	@set -o pipefail; $(PY) -m pip install --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt \
		| awk '/^Requirement already/ { next } /^Collecting/ { printf "    %s\n", $$2; fflush(); next } /^(Installing|Successfully|ERROR)/ { print substr($$0, 1, 100); fflush() }'
	@touch $@

##@ Check

.PHONY: test
test: setup ## Run all tests, on two cores where tests do not share engines; PYTEST_ARGS="-k word" narrows them
ifeq ($(strip $(PYTEST_ARGS)),)
	$(PY) -m pytest -n 2 -m "not local and not fuzz"
	$(PY) -m pytest -m "local or fuzz"
else
	$(PY) -m pytest $(PYTEST_ARGS)
endif

.PHONY: check
check: format lint types profiles template web-check test ## All that CI runs: format, lint, types, profiles, templates, web, tests

.PHONY: web-check
web-check: ## The web client: types, tests, build and budget; passed over where there is no Node.js
	@if $(HAS_NODE); then $(MAKE) --no-print-directory $(WEB_READY) && cd web && npm run -s check; \
		else echo "web: no Node.js here, passed over"; fi

.PHONY: web-e2e
web-e2e: setup web ## The web client in a real browser against a service of its own (needs Chromium)
	@cd web && npm run -s e2e

.PHONY: format
format: setup ## Is the code formatted? (make fix formats it)
	$(PY) -m ruff format --check .

.PHONY: lint
lint: setup ## Ruff's rules (pyproject.toml)
	$(PY) -m ruff check .

.PHONY: types
types: setup ## mypy, strict on chalicelib/
	$(PY) -m mypy

.PHONY: profiles
profiles: setup ## Validate every city profile; all faults are listed
	$(PY) -m chalicelib.cities

.PHONY: template
template: setup ## cfn-lint over the CloudFormation templates
	$(VENV)/bin/cfn-lint infra/*.yaml

.PHONY: checkov
checkov: ## Security scan of the templates, in an environment of its own (290 MB the first time); excuses stand beside what they excuse
	@test -x $(CHECKOV)/bin/checkov || { $(PYTHON) -m venv $(CHECKOV) && $(CHECKOV)/bin/pip install --quiet --disable-pip-version-check checkov==$(CHECKOV_VERSION); }
	$(CHECKOV)/bin/checkov --directory infra --framework cloudformation --compact --quiet --skip-download

.PHONY: fix
fix: setup ## Format the code and mend what ruff can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

.PHONY: fuzz
fuzz: setup ## made-up requests at length over docs/openapi.yaml and Open311 (check runs a short one): FUZZ_EXAMPLES=
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(PY) -m pytest -m fuzz $(PYTEST_ARGS)

.PHONY: bench
bench: setup ## Counts and ratios, each beside its goal (FILE=texts.csv: false alarms there, too)
	@exec $(PY) -m local.bench $(if $(FILE),--file "$(FILE)")

.PHONY: bench-large
bench-large: setup ## The same at a million complaints (takes hours)
	@exec $(PY) -m local.bench --large

##@ Deploy

.PHONY: package
package: setup ## Build the staging copy that is deployed from, and its zip, in build/: STAGE=, MACHINE=arm64|x86_64
	@exec $(PY) -m infra.package --stage "$(STAGE)" --machine "$(MACHINE)"
# What make hands on: STAGE= names the stage; the rest only where it was given.
AT ?=
INTO ?=
DIR ?=
given = $(if $(2),--$(1) "$(2)")
OPS = $(PY) -m infra.deploy
RECOVERY = $(PY) -m infra.recovery
WHERE = --city "$(CITY)" $(call given,stage,$(STAGE))
CONFIRMED = $(call given,confirm,$(CONFIRM))
# A stage is said by a person: a default would deploy, or destroy, what nobody named.
said_stage = @test "$(origin STAGE)" != file || { echo "STAGE belum diisi / is missing: make $@ STAGE=dev" >&2; exit 2; }

.PHONY: deploy
deploy: setup ## Deploy a stage, or go on where it stopped: STAGE=, CITY=, PHONE=, API=, NEW_ADDRESS=yes
	$(said_stage)
	@exec $(OPS) deploy $(WHERE) $(call given,phone,$(PHONE)) $(call given,api,$(API)) $(call given,new-address,$(NEW_ADDRESS))

.PHONY: diff
diff: setup ## Tell what a deploy would change, and change nothing: STAGE=
	$(said_stage)
	@exec $(OPS) diff $(WHERE)

.PHONY: smoke
smoke: setup ## Test a deployed stage: STAGE=, PHONE=<your own> files a case and withdraws it
	$(said_stage)
	@exec $(OPS) smoke $(WHERE) $(call given,phone,$(PHONE))

.PHONY: edge
edge: setup ## Put back what a plain chalice deploy took away: STAGE=, ROTATE=1 turns the edge's secret over
	$(said_stage)
	@exec $(OPS) edge $(WHERE) $(call given,rotate,$(ROTATE))

.PHONY: rollback
rollback: setup ## Deploy the release before: STAGE=, RELEASE=<name>
	$(said_stage)
	@exec $(OPS) rollback $(WHERE) $(call given,release,$(RELEASE))

.PHONY: settings
settings: setup ## Write a stage's settings and record into .chalice/, for a plain chalice deploy: STAGE=
	$(said_stage)
	@exec $(OPS) settings $(WHERE)

.PHONY: unlock
unlock: setup ## Take a stage's lock from a run that surely ended: STAGE=
	$(said_stage)
	@exec $(OPS) unlock $(WHERE)

.PHONY: destroy
destroy: setup ## Take a stage down; the data stay but for DATA=1 and a typed sentence: STAGE=
	$(said_stage)
	@exec $(OPS) destroy $(WHERE) $(call given,data,$(DATA)) $(CONFIRMED)

.PHONY: export-city
export-city: setup ## Write a whole city into a folder: DIR=, STAGE=; CONTACTS=open for leaving AWS
	$(said_stage)
	@exec $(RECOVERY) export $(WHERE) --dir "$(DIR)" $(call given,contacts,$(CONTACTS)) $(CONFIRMED)

.PHONY: import-city
import-city: setup ## Bring an export into an empty stage: DIR=, STAGE=; RESEAL=yes, PENDING=close
	$(said_stage)
	@exec $(RECOVERY) import $(WHERE) --dir "$(DIR)" $(call given,reseal,$(RESEAL)) $(call given,pending,$(PENDING)) $(call given,other-key,$(OTHER_KEY))

.PHONY: restore
restore: setup ## Restore a moment into an empty stage: STAGE=, AT=<moment with zone>, INTO=<stage>, DIR=<folder>
	$(said_stage)
	@exec $(RECOVERY) restore $(WHERE) --at "$(AT)" --into "$(INTO)" --dir "$(DIR)" $(call given,pending,$(PENDING))

.PHONY: privacy-register
privacy-register: setup ## Who asked to be erased, and when it was done: STAGE=
	$(said_stage)
	@exec $(PY) -m infra.privacy register $(WHERE)

.PHONY: affected
affected: setup ## Whom a breach touched, as CSV: STAGE=, SINCE=, UNTIL=<moments with zone>; OFFICER= or OFFICE= where known
	$(said_stage)
	@exec $(PY) -m infra.privacy affected $(WHERE) --since "$(SINCE)" --until "$(UNTIL)" $(call given,officer,$(OFFICER)) $(call given,office,$(OFFICE))

.PHONY: delete-cases
delete-cases: setup ## Delete cases whose time in the archive is over: STAGE=, BEFORE=<moment>, DIR=<export>, APPROVAL="<record>"
	$(said_stage)
	@exec $(PY) -m infra.privacy delete-cases $(WHERE) --before "$(BEFORE)" --dir "$(DIR)" --approval "$(APPROVAL)"

.PHONY: costs
costs: setup ## What a city costs a month, from measured units and list prices, into docs/runbook.md
	@$(PY) -m infra.costs --write
	@$(PY) -m infra.costs

##@ Keep

.PHONY: requirements
requirements: setup ## Lock the requirements again from the .in files; UPGRADE=--upgrade takes newer versions
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV_COMPILE) requirements.in --output-file requirements.txt
	$(UV_COMPILE) requirements-dev.in --output-file requirements-dev.txt

.PHONY: clean
clean: ## Remove .venv and all caches; the data in DATA_DIR stays
	rm -rf $(VENV) $(CHECKOV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis build vendor .chalice/deployments web/node_modules web/dist
	find . -name __pycache__ -type d -not -path './$(DATA_DIR)/*' -prune -exec rm -rf {} +
