"""Tests of the manifests in envoy/deploy, with schemas and a real Envoy. `make deploy-test` runs them."""
