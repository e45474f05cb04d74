# What Envoy reads: the plugin JSON, and the cluster that it gets the keys from.

locals {
  # cognito-idp.REGION.amazonaws.com/POOL, which in China ends in .cn.
  host   = split("/", aws_cognito_user_pool.this.endpoint)[0]
  issuer = "https://${aws_cognito_user_pool.this.endpoint}"

  jwks_uri = "${local.issuer}/.well-known/jwks.json"

  sign_in = strcontains(var.domain, ".") ? "https://${var.domain}" : "https://${var.domain}.auth.${split(".", local.host)[1]}.amazoncognito.com"

  plugin = {
    providers = {
      cognito = {
        profile = "cognito"
        issuer  = local.issuer
        # Cognito's access tokens have no `aud`; the filter then takes `client_id`, so both clients are audiences.
        audiences  = [aws_cognito_user_pool_client.web.id, aws_cognito_user_pool_client.machine.id]
        token_use  = "access"
        algorithms = ["RS256"]
        jwks = {
          uri     = local.jwks_uri
          cluster = var.envoy_cluster_name
        }
        claims_to_headers = var.claims_to_headers
      }
    }
    rules   = local.rules
    default = var.default
  }

  cluster = {
    name            = var.envoy_cluster_name
    type            = "LOGICAL_DNS"
    connect_timeout = "5s"
    # The key set is there by both; a pod without IPv6 would wait for the first in vain.
    dns_lookup_family = "V4_PREFERRED"
    load_assignment = {
      cluster_name = var.envoy_cluster_name
      endpoints = [{
        lb_endpoints = [{
          endpoint = { address = { socket_address = { address = local.host, port_value = 443 } } }
        }]
      }]
    }
    transport_socket = {
      name = "envoy.transport_sockets.tls"
      typed_config = {
        "@type" = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
        sni     = local.host
        common_tls_context = {
          validation_context = {
            trusted_ca = { filename = var.envoy_trusted_ca }
            # Without it any certificate of a trusted authority would do, for whatever name.
            match_typed_subject_alt_names = [{ san_type = "DNS", matcher = { exact = local.host } }]
          }
        }
      }
    }
  }
}
