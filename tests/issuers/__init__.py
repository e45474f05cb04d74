"""Identity servers of others, each from its registry, as issuers of a real Envoy. Envoy is configured as
docs/your-own-issuer.md says.
"""
