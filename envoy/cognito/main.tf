# The user pool, its two clients, scopes and groups.

resource "aws_cognito_user_pool" "this" {
  name                = var.name
  user_pool_tier      = var.user_pool_tier
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]

  # Otherwise Ben@example.com and ben@example.com would be two users.
  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = !var.self_sign_up
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  dynamic "schema" {
    for_each = var.custom_attributes
    content {
      name                = schema.value
      attribute_data_type = "String"
      mutable             = true
      required            = false

      # Without these, AWS sets defaults and every plan shows a change.
      string_attribute_constraints {
        min_length = 0
        max_length = 256
      }
    }
  }

  dynamic "lambda_config" {
    for_each = var.pre_token_generation_lambda_arn[*]
    content {
      pre_token_generation_config {
        lambda_arn     = lambda_config.value
        lambda_version = "V2_0"
      }
    }
  }
}

resource "aws_cognito_user_pool_domain" "this" {
  user_pool_id    = aws_cognito_user_pool.this.id
  domain          = var.domain
  certificate_arn = var.domain_certificate_arn
}

resource "aws_cognito_resource_server" "this" {
  user_pool_id = aws_cognito_user_pool.this.id
  identifier   = var.resource_server.identifier
  name         = var.name

  dynamic "scope" {
    for_each = var.resource_server.scopes
    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

resource "aws_cognito_user_pool_client" "web" {
  user_pool_id    = aws_cognito_user_pool.this.id
  name            = "${var.name}-web"
  generate_secret = false

  # The app must start PKCE: Cognito enforces it for a sign-in with a code_challenge, but does not require one.
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = concat(["openid", "email", "profile"], [for scope in coalesce(var.web_client.scopes, keys(var.resource_server.scopes)) : local.scopes[scope]])
  callback_urls                        = var.web_client.callback_urls
  logout_urls                          = var.web_client.logout_urls
  supported_identity_providers         = ["COGNITO"]

  # An empty list would mean Cognito's defaults, which allow users to sign in without the domain.
  explicit_auth_flows = concat(["ALLOW_REFRESH_TOKEN_AUTH"], var.web_client.auth_flows)

  # Users may write the standard attributes only; custom attributes can become claims that rules check.
  write_attributes = [
    "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname",
    "phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo",
  ]

  access_token_validity  = var.access_token_minutes
  id_token_validity      = var.access_token_minutes
  refresh_token_validity = 30
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }

  enable_token_revocation       = true
  prevent_user_existence_errors = "ENABLED"

  depends_on = [aws_cognito_resource_server.this]
}

resource "aws_cognito_user_pool_client" "machine" {
  user_pool_id    = aws_cognito_user_pool.this.id
  name            = "${var.name}-machine"
  generate_secret = true

  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = [for scope in var.machine_client.scopes : local.scopes[scope]]
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]

  access_token_validity  = var.access_token_minutes
  id_token_validity      = var.access_token_minutes
  refresh_token_validity = 30
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }

  enable_token_revocation       = true
  prevent_user_existence_errors = "ENABLED"

  depends_on = [aws_cognito_resource_server.this]
}

resource "aws_cognito_user_group" "this" {
  for_each = var.groups

  user_pool_id = aws_cognito_user_pool.this.id
  name         = each.key
  description  = each.value
}
