"""This filter, Envoy's own jwt_authn and no filter at all, side by side in one Envoy."""
