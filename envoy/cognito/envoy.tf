# For Envoy: the plugin JSON, and the cluster that the filter fetches the keys from.

locals {
  # The endpoint is cognito-idp.REGION.amazonaws.com/POOL; in China the host ends in .cn.
  host   = split("/", aws_cognito_user_pool.this.endpoint)[0]
  issuer = "https://${aws_cognito_user_pool.this.endpoint}"

  jwks_uri = "${local.issuer}/.well-known/jwks.json"

  sign_in = strcontains(var.domain, ".") ? "https://${var.domain}" : "https://${var.domain}.auth.${split(".", local.host)[1]}.amazoncognito.com"

  plugin = {
    providers = {
      cognito = {
        profile = "cognito"
        issuer  = local.issuer
        # Cognito's access tokens have no `aud`. The filter then compares `client_id`, so both clients are audiences.
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
    # Cognito has IPv4 and IPv6 addresses; in a pod without IPv6 the latter would time out.
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
            # Without this, a trusted authority's certificate for any other host would be accepted.
            match_typed_subject_alt_names = [{ san_type = "DNS", matcher = { exact = local.host } }]
          }
        }
      }
    }
  }
}
