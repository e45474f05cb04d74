output "issuer" {
  description = "`iss` of the pool's tokens."
  value       = local.issuer
}

output "jwks_uri" {
  description = "The pool's key set."
  value       = local.jwks_uri
}

output "web_client_id" {
  description = "The client for users."
  value       = aws_cognito_user_pool_client.web.id
}

output "machine_client_id" {
  description = "The client for a machine."
  value       = aws_cognito_user_pool_client.machine.id
}

output "machine_client_secret" {
  description = "The machine client's secret. It is also in Terraform's state."
  value       = aws_cognito_user_pool_client.machine.client_secret
  sensitive   = true
}

output "authorization_endpoint" {
  description = "The URL for a browser to sign in."
  value       = "${local.sign_in}/oauth2/authorize"
}

output "token_endpoint" {
  description = "The URL that exchanges codes and client credentials for tokens."
  value       = "${local.sign_in}/oauth2/token"
}

output "domain_target" {
  description = "For a domain of your own: the target of its DNS alias record."
  value       = aws_cognito_user_pool_domain.this.cloudfront_distribution
}

output "scopes" {
  description = "The resource server's scopes: short name => name in tokens."
  value       = local.scopes
}

output "user_pool_id" {
  description = "The id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "The ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "plugin" {
  description = "The plugin configuration as an object, to change it or merge it with another."
  value       = local.plugin
}

output "plugin_json" {
  description = "The plugin configuration as JSON text, for the filter's `configuration`."
  value       = jsonencode(local.plugin)
}

output "envoy_cluster_json" {
  description = "Envoy's cluster for the key set, as JSON. JSON is also YAML, so it can be an entry of `clusters`."
  value       = jsonencode(local.cluster)
}
