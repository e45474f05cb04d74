# The variables. Mistakes are reported here, before AWS or Envoy get the values.

variable "name" {
  description = "Name of the user pool and, with a suffix, of its clients."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@-][\\w\\s+=,.@-]{0,99}$", var.name))
    error_message = "name: up to 100 letters, digits, spaces and any of _+=,.@-, but is \"${var.name}\"."
  }
}

variable "domain" {
  description = "The domain for users to sign in and machines to get tokens: a prefix of AWS's own domain (\"acme-api\"), or a domain of your own (\"auth.example.com\")."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$", var.domain))
    error_message = "domain: a prefix such as \"acme-api\" or a domain such as \"auth.example.com\", in lower case and without https://, but is \"${var.domain}\"."
  }

  validation {
    condition     = strcontains(var.domain, ".") || !can(regex("aws|amazon|cognito", var.domain))
    error_message = "domain: Cognito does not allow \"aws\", \"amazon\" or \"cognito\" in a prefix, but the domain is \"${var.domain}\"."
  }

  validation {
    condition     = strcontains(var.domain, ".") == (var.domain_certificate_arn != null)
    error_message = "domain: set domain_certificate_arn if this is a domain of your own, and only then; domain is \"${var.domain}\"."
  }
}

variable "domain_certificate_arn" {
  description = "For a domain of your own: its certificate in ACM, in us-east-1."
  type        = string
  default     = null
}

variable "resource_server" {
  description = "The API in Cognito: an identifier, and its scopes with a description each. In tokens a scope is IDENTIFIER/SCOPE."
  type = object({
    identifier = string
    scopes     = map(string)
  })

  validation {
    condition     = can(regex("^[!#-\\[\\]-~]{1,256}$", var.resource_server.identifier)) && !endswith(var.resource_server.identifier, "/")
    error_message = "resource_server.identifier: a URI such as \"https://api.example.com\", without spaces, quotes and backslashes, and without a trailing slash, but is \"${var.resource_server.identifier}\"."
  }

  validation {
    condition     = length(var.resource_server.scopes) > 0 && length(var.resource_server.scopes) <= 100
    error_message = "resource_server.scopes: Cognito allows 1 to 100 scopes, but there are ${length(var.resource_server.scopes)}."
  }

  validation {
    condition     = alltrue([for scope in keys(var.resource_server.scopes) : can(regex("^[!#-.0-\\[\\]-~]{1,256}$", scope))])
    error_message = "resource_server.scopes: a name must not contain a space, slash, quote or backslash; the identifier is prepended to it. Wrong: ${join(", ", [for scope in keys(var.resource_server.scopes) : "\"${scope}\"" if !can(regex("^[!#-.0-\\[\\]-~]{1,256}$", scope))])}."
  }

  validation {
    condition     = alltrue([for description in values(var.resource_server.scopes) : length(description) >= 1 && length(description) <= 256])
    error_message = "resource_server.scopes: each needs a description of 1 to 256 characters. Wrong: ${join(", ", [for scope, description in var.resource_server.scopes : scope if length(description) < 1 || length(description) > 256])}."
  }
}

variable "web_client" {
  description = "The public client for users: authorization code with PKCE, no secret. `scopes` are scope names of `resource_server`, all by default; `auth_flows` are additional ways to sign in, such as ALLOW_ADMIN_USER_PASSWORD_AUTH to get tokens in a shell."
  type = object({
    callback_urls = list(string)
    logout_urls   = optional(list(string), [])
    scopes        = optional(list(string))
    auth_flows    = optional(list(string), [])
  })

  validation {
    condition     = length(var.web_client.callback_urls) > 0
    error_message = "web_client.callback_urls: at least one is required: the URL that the browser returns to after sign-in."
  }

  validation {
    condition = alltrue([
      for url in concat(var.web_client.callback_urls, var.web_client.logout_urls) :
      can(regex("^[a-zA-Z][a-zA-Z0-9+.-]*://[^\\s#]+$", url)) && (!startswith(url, "http://") || can(regex("^http://localhost[:/]", "${url}/")))
    ])
    error_message = "web_client: callback_urls and logout_urls must be absolute URLs without a fragment, and http:// is only for localhost. Given: ${join(", ", concat(var.web_client.callback_urls, var.web_client.logout_urls))}."
  }

  validation {
    condition     = var.web_client.scopes == null ? true : length(setsubtract(var.web_client.scopes, keys(var.resource_server.scopes))) == 0
    error_message = "web_client.scopes: not among resource_server.scopes: ${join(", ", setsubtract(coalesce(var.web_client.scopes, []), keys(var.resource_server.scopes)))}."
  }
}

variable "machine_client" {
  description = "The client for a machine: client credentials, with a secret. `scopes` are scope names of `resource_server`."
  type = object({
    scopes = list(string)
  })

  validation {
    condition     = length(var.machine_client.scopes) > 0
    error_message = "machine_client.scopes: at least one is required; Cognito issues no client credentials token without a scope."
  }

  validation {
    condition     = length(setsubtract(var.machine_client.scopes, keys(var.resource_server.scopes))) == 0
    error_message = "machine_client.scopes: not among resource_server.scopes: ${join(", ", setsubtract(var.machine_client.scopes, keys(var.resource_server.scopes)))}."
  }
}

variable "groups" {
  description = "Groups of users, with a description each."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for group in keys(var.groups) : can(regex("^[^\\s,\\[\\]]{1,128}$", group))])
    error_message = "groups: a name must not contain a space, comma or bracket, which separate names in a header. Wrong: ${join(", ", [for group in keys(var.groups) : "\"${group}\"" if !can(regex("^[^\\s,\\[\\]]{1,128}$", group))])}."
  }
}

variable "default" {
  description = "What happens to a request that no rule covers: deny, authenticated or public."
  type        = string
  default     = "deny"

  validation {
    condition     = contains(["deny", "authenticated", "public"], var.default)
    error_message = "default: deny, authenticated or public, but is \"${var.default}\"."
  }
}

variable "claims_to_headers" {
  description = "Request headers for the upstream, and the claims they are set from. The filter removes these headers from every incoming request."
  type        = map(string)
  default = {
    "x-jwt-sub"       = "sub"
    "x-jwt-client-id" = "client_id"
    "x-jwt-groups"    = "cognito:groups"
    "x-jwt-scope"     = "scope"
  }

  validation {
    condition     = alltrue([for header in keys(var.claims_to_headers) : can(regex("^[a-z0-9!#$%&'*+.^_`|~-]+$", header))])
    error_message = "claims_to_headers: header names must be in lower case, without spaces and colons. Wrong: ${join(", ", [for header in keys(var.claims_to_headers) : "\"${header}\"" if !can(regex("^[a-z0-9!#$%&'*+.^_`|~-]+$", header))])}."
  }
}

variable "custom_attributes" {
  description = "Custom attributes of users, without the prefix \"custom:\". No client may write them, since a trigger can turn them into claims that rules check."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for attribute in var.custom_attributes : can(regex("^[a-zA-Z0-9_-]{1,20}$", attribute))])
    error_message = "custom_attributes: up to 20 letters, digits, _ and -, without \"custom:\". Wrong: ${join(", ", [for attribute in var.custom_attributes : "\"${attribute}\"" if !can(regex("^[a-zA-Z0-9_-]{1,20}$", attribute))])}."
  }
}

variable "pre_token_generation_lambda_arn" {
  description = "A Lambda function that adds claims to users' access tokens (event version 2), see examples/organisation. Cognito's feature plan must be Essentials or Plus."
  type        = string
  default     = null

  validation {
    condition     = var.pre_token_generation_lambda_arn == null || var.user_pool_tier != "LITE"
    error_message = "pre_token_generation_lambda_arn: the plan LITE cannot change access tokens; set user_pool_tier to ESSENTIALS or PLUS."
  }
}

variable "user_pool_tier" {
  description = "Cognito's feature plan: LITE, ESSENTIALS or PLUS. The default is AWS's default for a new pool, ESSENTIALS."
  type        = string
  default     = null

  validation {
    condition     = var.user_pool_tier == null || try(contains(["LITE", "ESSENTIALS", "PLUS"], var.user_pool_tier), false)
    error_message = "user_pool_tier: LITE, ESSENTIALS or PLUS, but is \"${coalesce(var.user_pool_tier, "null")}\"."
  }
}

variable "access_token_minutes" {
  description = "How long access tokens are valid. Until they expire, tokens keep scopes and groups that were removed from the user or client."
  type        = number
  default     = 60

  validation {
    condition     = var.access_token_minutes >= 5 && var.access_token_minutes <= 1440 && floor(var.access_token_minutes) == var.access_token_minutes
    error_message = "access_token_minutes: Cognito allows whole minutes from 5 to 1440 (a day), not ${var.access_token_minutes}."
  }
}

variable "self_sign_up" {
  description = "Whether users may create their own accounts; otherwise an administrator creates them."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the user pool. Deleting the pool deletes all accounts."
  type        = bool
  default     = true
}

variable "envoy_cluster_name" {
  description = "The name of Envoy's cluster for the key set."
  type        = string
  default     = "cognito"

  validation {
    condition     = can(regex("^[\\w.-]+$", var.envoy_cluster_name))
    error_message = "envoy_cluster_name: letters, digits and any of _.-, but is \"${var.envoy_cluster_name}\"."
  }
}

variable "envoy_trusted_ca" {
  description = "File with the certification authorities that Envoy trusts, where Envoy runs."
  type        = string
  default     = "/etc/ssl/certs/ca-certificates.crt"

  validation {
    condition     = startswith(var.envoy_trusted_ca, "/")
    error_message = "envoy_trusted_ca: an absolute path, but is \"${var.envoy_trusted_ca}\"."
  }
}
