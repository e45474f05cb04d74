"""The demo: real requests with real tokens through a real Envoy. `make demo` and compose.yaml run it.

`scenarios` lists the requests and their expected results. `checks` sends them and compares. `users` and `tokens` are who
calls and with what.

The services: `cognito` (user pool, clients, groups, users), `machines` (a second issuer, for client credentials),
`upstream` (the API that the gateway protects), `envoy` (the process), `page` (to call the gateway from a browser).
`configuration` turns envoy.yaml and policy.json into the files that Envoy reads.

The entry points: `__main__` runs all `services` on this machine and then the `interactive` part; `prepare` is a one-shot
service of compose.yaml. `terminal` prints the output; `signals` stops all processes on a kill.
"""
