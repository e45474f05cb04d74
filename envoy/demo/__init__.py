"""The demo: real requests with real tokens through a real Envoy. `make demo` runs it, and so does compose.yaml.

`steps` is the script: which requests, and what must come of them. `walk` sends them and holds the answers against it.

The cast: `cognito` (user pool, clients, groups, users), `machines` (a second issuer, for client credentials), `upstream`
(what the gateway protects), `envoy` (the process), `page` (to call it from, in a browser). `configuration` turns
envoy.yaml and policy.json into what Envoy reads.

The stages: `__main__` runs the whole `cast` on this machine; `prepare` is compose's one-shot service. `terminal` is how
they speak.
"""
