# An API for organisations. A user's organisation and its tier are claims of the access token, which trigger.tf adds.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "auth_flows" {
  description = "Ways to sign in without the domain."
  type        = list(string)
  default     = []
}

variable "envoy_trusted_ca" {
  description = "File with the certification authorities that Envoy trusts."
  type        = string
  default     = "/etc/ssl/certs/ca-certificates.crt"
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the user pool."
  type        = bool
  default     = true
}

locals {
  api = "https://api.example.com"
}

module "cognito" {
  source = "../.."

  name                = "acme"
  domain              = "acme-api"
  deletion_protection = var.deletion_protection

  resource_server = {
    identifier = local.api
    scopes = {
      read  = "Read items"
      write = "Write items"
    }
  }

  web_client = {
    callback_urls = ["https://app.example.com/callback", "http://localhost:3000/callback"]
    logout_urls   = ["https://app.example.com/"]
    auth_flows    = var.auth_flows
  }

  machine_client = {
    scopes = ["read"]
  }

  groups = {
    admin   = "May do everything"
    support = "May look at every organisation"
  }

  custom_attributes               = ["org_id", "org_tier"]
  pre_token_generation_lambda_arn = aws_lambda_function.trigger.arn

  claims_to_headers = {
    "x-jwt-sub"       = "sub"
    "x-jwt-client-id" = "client_id"
    "x-jwt-groups"    = "cognito:groups"
    "x-jwt-org-id"    = "org_id"
    "x-jwt-org-tier"  = "org_tier"
  }

  rules = [
    { route = "GET /health", access = "public" },
    { route = "GET /me" },
    { route = "GET /items", scopes = ["read"] },
    { route = "POST /items", scopes = ["write"] },
    { route = "ANY /admin/{proxy+}", groups = ["admin"] },
    # The user's own organisation; any organisation for administrators and support.
    {
      route = "GET /orgs/{org}"
      require = {
        any_of = [{ claim = "org_id", equals_path = "org" }, { group = "admin" }, { group = "support" }]
      }
    },
    # Reports are for paying tiers. A machine's token has no tier, so it is refused.
    {
      route   = "GET /reports/{proxy+}"
      scopes  = ["read"]
      require = { claim = "org_tier", in = ["pro", "enterprise"] }
    },
  ]

  envoy_trusted_ca = var.envoy_trusted_ca
}

output "plugin_json" {
  value = module.cognito.plugin_json
}

output "envoy_cluster_json" {
  value = module.cognito.envoy_cluster_json
}

output "cognito" {
  value     = module.cognito
  sensitive = true
}
