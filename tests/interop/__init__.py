"""Whoever has to do with the gateway beside plain HTTP clients: gRPC's client and server, Prometheus, Grafana.

Each speaks through a library of its own with a real Envoy that reads envoy/envoy.yaml.
"""
