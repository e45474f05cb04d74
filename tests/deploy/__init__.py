"""What envoy/deploy holds, held against schemas and a real Envoy. `make deploy-test` runs it."""
