# Targets that a newcomer and CI use. Each sets up what it needs: Python 3 and make are enough to begin with.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
UV := .uv/bin/uv
RUN := .venv/bin
export UV_PYTHON_PREFERENCE ?= system
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: dev
dev: .venv/ready ## serve the gateway on http://127.0.0.1:8080
	@$(RUN)/python -m dev

.PHONY: dev-token
dev-token: .venv/ready ## print a login token of the local account, for what make dev serves
	@$(RUN)/python -m dev.token

# Two halves side by side: the first one waits more than it computes. Each looks for leaks in all that it saw.
.PHONY: test
test: .venv/ready ## run every test that needs no AWS account
	@$(RUN)/pytest tests/unit tests/integration tests/test_no_leaks.py >.tests-beside.log 2>&1 & beside=$$!; \
	$(RUN)/pytest tests/e2e tests/test_no_leaks.py; e2e=$$?; \
	wait $$beside; others=$$?; cat .tests-beside.log; rm -f .tests-beside.log; \
	exit $$((e2e ? e2e : others))

.PHONY: soak
soak: .venv/ready ## load the gateway beside a failing provider for SECONDS=600, by SEED=1; see that all is well after it
	@$(RUN)/python -m tests.soak --seconds $(or $(SECONDS),600) --seed $(or $(SEED),1)

# Other gateways are made ready once; PEERS=off leaves them out. What cannot be installed is told, and left out.
.PHONY: bench
bench: .venv/ready ## measure the gateway beside others, and its targets (ROUNDS=5, ONLY=, PEERS=off, MARKDOWN=, JSON=)
	@[ "$(PEERS)" = off ] || $(MAKE) --no-print-directory bench-peers
	@$(RUN)/python -m tests.benchmarks --rounds $(or $(ROUNDS),5) --only "$(ONLY)" --peers "$(or $(PEERS),on)" \
		$(if $(MARKDOWN),--markdown "$(MARKDOWN)") $(if $(JSON),--json "$(JSON)")

.PHONY: bench-peers
bench-peers: .venv/ready ## install the gateways that make bench compares with, under .bench
	@UV="$(UV)" $(RUN)/python -m tests.benchmarks.install

.PHONY: check
check: format-check lint types scan licences audit test ## everything that CI runs

.PHONY: audit
audit: .venv/ready ## ask whether a deployed package has a known vulnerability; STRICT=1 fails where nobody can be asked
	@UV="$(UV)" $(RUN)/python -m dev.audit

.PHONY: licences
licences: .venv/ready ## list the licences of the deployed packages; fails on one that may not be deployed
	@UV="$(UV)" $(RUN)/python -m dev.licences

.PHONY: sbom
sbom: .venv/ready ## write .aws-sam/sbom.cdx.json: what is deployed, as the built layer tells it
	@mkdir -p .aws-sam && UV="$(UV)" $(RUN)/python -m dev.sbom >.aws-sam/sbom.cdx.json && echo .aws-sam/sbom.cdx.json

.PHONY: sizes
sizes: build ## print how large the built functions and layers are
	@$(RUN)/python -m dev.sizes

.PHONY: format
format: .venv/ready ## format the code
	@$(RUN)/ruff format .
	@$(RUN)/ruff check --fix .

.PHONY: format-check
format-check: .venv/ready
	@$(RUN)/ruff format --check .

.PHONY: lint
lint: .venv/ready ## lint the code; the template is linted by a test
	@$(RUN)/ruff check .

.PHONY: types
types: .venv/ready ## check the types
	@$(RUN)/mypy

.PHONY: scan
scan: .venv/ready .checkov/ready ## look for weak settings in what would be deployed, by checkov
	@$(RUN)/python -m dev.checkov

.PHONY: build
build: .venv/ready ## build the functions and layers as they are deployed
	@PATH="$(CURDIR)/$(RUN):$(CURDIR)/.uv/bin:$$PATH" sam build

# What these are about comes by variables: STAGE, STACK, PARAMETERS, CONFIRM. Each may be done again, also when interrupted.
.PHONY: deploy
deploy: .venv/ready ## deploy to STAGE=dev, staging or prod (STACK=…, PARAMETERS="Name=value …", SMOKE=off)
	@$(RUN)/python -m dev.operate preflight
	@$(MAKE) --no-print-directory build
	@PATH="$(CURDIR)/$(RUN):$$PATH" AWS_DEFAULT_REGION="$${AWS_DEFAULT_REGION:-us-east-1}" sam validate --lint
	@$(RUN)/python -m dev.operate deploy
	@$(RUN)/python -m dev.operate smoke

.PHONY: account
account: .venv/ready ## once per account and region: API Gateway's log role; with GITHUB=owner/repo, roles for its workflows
	@$(RUN)/python -m dev.operate account

.PHONY: destroy
destroy: .venv/ready ## delete the stack of STAGE=… (STACK=…, CONFIRM=<stack>); its table and secrets are kept
	@$(RUN)/python -m dev.operate destroy

.PHONY: restore
restore: .venv/ready ## make the table of STAGE=… what the table FROM=… is (PEPPER=<secret>, CONFIRM=<stack>)
	@$(RUN)/python -m dev.operate restore

.PHONY: emulator
emulator: .venv/ready ## emulate the AWS that a stack can be deployed to, on http://127.0.0.1:4566 (PORT); see docs/emulator.md
	@$(RUN)/python -m dev.aws

.PHONY: emulator-urls
emulator-urls: .venv/ready ## print where the doors of STACK=openmind-llm-dev are on the emulator
	@$(RUN)/python -m dev.aws.urls

.PHONY: local-invoke
local-invoke: .venv/ready ## invoke FUNCTION=RouteFunction on EVENT=events/route_health.json in Lambda's own image
	@PATH="$(CURDIR)/$(RUN):$(CURDIR)/.uv/bin:$$PATH" $(RUN)/python -m dev.local_invoke "$(EVENT)" $(FUNCTION)

.PHONY: stream-emulator
stream-emulator: .venv/ready ## serve the stream function as its function URL does, beside a running make dev
	@$(RUN)/python -m dev.function_url

.PHONY: run-stream-runtime
run-stream-runtime: .venv/ready ## serve the stream function to the Runtime API that AWS_LAMBDA_RUNTIME_API points to
	@: "$${AWS_LAMBDA_RUNTIME_API:?is where a Runtime API listens, such as 127.0.0.1:9001}"
	@LAMBDA_TASK_ROOT="$(CURDIR)/functions/stream" _HANDLER=handler.app PYTHON="$(RUN)/python" layers/core/openmind-llm-runtime

.PHONY: smoke
smoke: .venv/ready ## look at a deployed gateway: STACK=…, or URL=… KEY=… (STREAM_URL, PROVIDER, MODEL, ROWS)
	@OPENMIND_API_KEY="$(KEY)" $(RUN)/python -m dev.smoke --stack "$(STACK)" --url "$(URL)" --stream-url "$(STREAM_URL)" \
		--provider "$(or $(PROVIDER),openai)" --model "$(or $(MODEL),gpt-4o-mini)" --rows "$(ROWS)"

.PHONY: prices
prices: .venv/ready ## compare our provider prices with the genai-prices package
	@$(RUN)/python -m dev.price_drift

.PHONY: cost
cost: .venv/ready ## reckon docs/cost.md anew, from prices, measurements and the template
	@$(RUN)/python -m dev.cost

.PHONY: scale
scale: .venv/ready ## reckon the tables of docs/performance.md anew: what a load of many streams needs
	@$(RUN)/python -m dev.scale

.PHONY: faults
faults: .venv/ready ## play what providers can do to a request, and write docs/faults.md
	@$(RUN)/python -m tests.integration.faults.write

.PHONY: modules
modules: .venv/ready ## list anew what each function loads at its start; say in the commit why it is more
	@$(RUN)/python -m tests.unit.functions.imports

.PHONY: clean
clean: ## remove what the other targets made, local state too
	rm -rf .venv .checkov .uv .dev .bench .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(UV):
	@command -v python3 >/dev/null || { echo "make: python3 is missing: install Python 3.13" >&2; exit 1; }
	@python3 -m venv .uv && .uv/bin/python -m pip install -q --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/ready: pyproject.toml uv.lock .python-version | $(UV)
	@$(UV) sync --quiet --frozen
	@touch $@

# checkov wants another boto3 than we do, so it has an environment of its own.
.checkov/ready: dev/checkov/requirements.txt .python-version | $(UV)
	@$(UV) venv --quiet --clear .checkov
	@$(UV) pip sync --quiet --python .checkov/bin/python --require-hashes $<
	@touch $@
