"""Tests of the Terraform module in envoy/cognito: applied to an emulated AWS, with its output loaded into a real Envoy.

`mistakes`: wrong variables and their error messages. `trigger`: the example's Lambda function. `command`: the terraform
program. `cloud`: the emulator, over HTTP for Terraform and over TLS for Envoy. `pool`: the pool that Terraform created,
and its tokens. `settings`: the pool's settings. `gateway`: Envoy's configuration. `scenarios`: the requests and their
expected results.
"""
