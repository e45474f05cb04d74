"""The Terraform module in envoy/cognito, applied for real to an emulated AWS, and what it renders in a real Envoy.

`mistakes`: wrong variables, and what is said of each. `trigger`: the Lambda function of the example. `command`: the
terraform program. `cloud`: the emulator, by HTTP for Terraform and by TLS for Envoy. `pool`: what Terraform made there,
and its tokens. `gateway`: Envoy. `steps`: which requests are sent, and what must come of them.
"""
