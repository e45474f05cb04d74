"""Tests of a real Envoy, configured by envoy/envoy.yaml, with the libraries of others: gRPC's client and server, and the
parsers of Prometheus's metrics and queries, which the Grafana dashboard uses.
"""
