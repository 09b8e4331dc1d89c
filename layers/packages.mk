# How a layer of packages is built: those of uv.lock that dev/deployed.py says are in it, hash-checked, for Lambda's
# Python and processor whatever this machine's are; where AWS_ENDPOINT_URL says that an emulator on this machine is to
# run them, for this machine's. LAYER_PLATFORM is uv's name of another platform, or "native" for this machine.
#
#  dependencies  what every function has
#  streaming     what the stream function has besides: its event loop
#  management    the rest, for the functions that need it: the framework, cryptography, and the AWS SDK
#
# `sam build` calls a target of a layer's Makefile in a copy of its folder, but with the Makefile's own path. uv comes
# from $UV or the PATH.
UV ?= uv
PROJECT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
PYTHON := $(UV) run --quiet --directory "$(PROJECT)" --frozen --no-sync python
LAYER := $(ARTIFACTS_DIR)/python
LAYER_PLATFORM ?= $(if $(AWS_ENDPOINT_URL),native,aarch64-manylinux2014)
PLATFORM := $(if $(filter-out native,$(LAYER_PLATFORM)),--python-platform $(LAYER_PLATFORM))

# What is in and what is not:
#  *.dist-info stays: Amazon Inspector finds vulnerable versions by it, opentelemetry its context by entry points.
#  Bytecode is added, by the project's Python: Lambda cannot write it under /opt, so each cold start would compile the
#   sources again, which takes twice as long as the imports do. It is not checked against them: a zip loses file times.
#  botocore describes each service of AWS, 27 MB in all: those stay that services.txt names, which are those that the
#   package asks for. A client of another would fail with UnknownServiceError; a test compares the two.
#  sbom-<layer>.cdx.json tells what is in here: in /opt, where it runs.
#  Scripts go: their first line names a Python of this machine. So does a lock file of uv.
define install
	$(PYTHON) -m dev.deployed $(1) >requirements.txt
	$(UV) pip install --quiet --requirement requirements.txt --no-deps --require-hashes --only-binary :all: \
		$(PLATFORM) --python-version 3.13 --target "$(LAYER)"
	rm -rf "$(LAYER)/bin" "$(LAYER)/.lock"
endef

define compile
	$(PYTHON) -m compileall -q --invalidation-mode unchecked-hash -s "$(LAYER)" -p /opt/python "$(LAYER)"
endef

define bill
	$(PYTHON) -m dev.sbom $(1) >"$(ARTIFACTS_DIR)/sbom-$(1).cdx.json"
endef
