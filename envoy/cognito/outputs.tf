output "issuer" {
  description = "`iss` of the pool's tokens."
  value       = local.issuer
}

output "jwks_uri" {
  description = "The pool's key set."
  value       = local.jwks_uri
}

output "web_client_id" {
  description = "The client that people sign in with."
  value       = aws_cognito_user_pool_client.web.id
}

output "machine_client_id" {
  description = "The client of the program that acts for itself."
  value       = aws_cognito_user_pool_client.machine.id
}

output "machine_client_secret" {
  description = "Its secret. It is in Terraform's state as well."
  value       = aws_cognito_user_pool_client.machine.client_secret
  sensitive   = true
}

output "authorization_endpoint" {
  description = "Where a browser is sent to sign in."
  value       = "${local.sign_in}/oauth2/authorize"
}

output "token_endpoint" {
  description = "Where codes and client credentials are exchanged for tokens."
  value       = "${local.sign_in}/oauth2/token"
}

output "domain_target" {
  description = "For a domain of yours: what its DNS record, an alias, leads to."
  value       = aws_cognito_user_pool_domain.this.cloudfront_distribution
}

output "scopes" {
  description = "The resource server's scopes, as they are called in tokens."
  value       = local.scopes
}

output "user_pool_id" {
  description = "The user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "The user pool, as other AWS resources name it."
  value       = aws_cognito_user_pool.this.arn
}

output "plugin" {
  description = "The plugin configuration, to change or to merge with another."
  value       = local.plugin
}

output "plugin_json" {
  description = "The plugin configuration, finished: what Envoy gives the filter."
  value       = jsonencode(local.plugin)
}

output "envoy_cluster_json" {
  description = "Envoy's cluster for the key set. JSON is YAML: it can stand in the list of clusters as it is."
  value       = jsonencode(local.cluster)
}
