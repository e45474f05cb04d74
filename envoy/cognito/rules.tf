# The rules: the variable, its validation, and the rules as the plugin JSON has them.

variable "rules" {
  description = "The rules of the plugin JSON, with the same fields. `scopes` are scope names of `resource_server`, `groups` are names of `groups`."
  # With an object type Terraform silently drops unknown fields: a rule with `group` for `groups` would allow everyone.
  type = any

  validation {
    condition     = can([for rule in var.rules : keys(rule)])
    error_message = "rules: a list of objects, such as [{ route = \"GET /items\", scopes = [\"read\"] }]."
  }
}

locals {
  fields     = ["route", "name", "hosts", "access", "providers", "scopes", "groups", "require", "mode"]
  given      = [for rule in var.rules : merge({ for field in local.fields : field => null }, rule)]
  route_keys = [for rule in local.given : jsonencode([rule.route, rule.hosts])]

  # The names of a list, or of { all = [...] }.
  names = [for rule in local.given : {
    for field in ["scopes", "groups"] : field => try([for name in try(rule[field].all, rule[field]) : tostring(name)], [])
  }]

  # Each message, with the values that are wrong. Validations of the variable cannot use locals, so each check would have to
  # be written twice there.
  mistakes = {
    "unknown field, expected one of ${join(", ", local.fields)}" = setsubtract(flatten([for rule in local.given : keys(rule)]), local.fields)

    "a route must be \"METHOD /path\", \"ANY /path\" or \"$default\"" = [
      for rule in local.given : rule.route if !can(regex("^([A-Z]+ /\\S*|\\$default)$", rule.route))
    ]
    "duplicate route for the same hosts" = distinct([
      for index, rule in local.given : rule.route if length([for key in local.route_keys : key if key == local.route_keys[index]]) > 1
    ])
    "hosts and providers must be lists of strings" = [
      for rule in local.given : rule.route
      if anytrue([for list in [rule.hosts, rule.providers] : list != null && !try(alltrue([for text in list : !can(keys(list)) && startswith(jsonencode(text), "\"")]), false)])
    ]
    "access must be public, optional, authenticated or deny" = [
      for rule in local.given : rule.route
      if rule.access != null && !try(contains(["public", "optional", "authenticated", "deny"], rule.access), false)
    ]
    "mode must be enforce or dry_run" = [
      for rule in local.given : rule.route if rule.mode != null && !try(contains(["enforce", "dry_run"], rule.mode), false)
    ]
    "where access is public or deny no token is checked, so providers, scopes, groups and require must not be set" = [
      for rule in local.given : rule.route
      if try(contains(["public", "deny"], rule.access), false) && anytrue([for field in ["providers", "scopes", "groups", "require"] : rule[field] != null])
    ]
    "scopes and groups must be a list, of which any one is enough, or { all = [...] }; to require none, leave them out" = [
      for index, rule in local.given : rule.route
      if anytrue([for field, names in local.names[index] : rule[field] != null && (length(names) == 0 || join("", try(keys(rule[field]), ["all"])) != "all")])
    ]
    "scopes must be among resource_server.scopes" = setsubtract(flatten(local.names[*].scopes), keys(var.resource_server.scopes))
    "groups must be among groups"                 = setsubtract(flatten(local.names[*].groups), keys(var.groups))
    "require must be an object, such as { claim = \"sub\", equals_path = \"id\" }" = [
      for rule in local.given : rule.route if rule.require != null && !can(keys(rule.require))
    ]
  }

  # The name in the resource server => the name in tokens.
  scopes = { for scope in keys(var.resource_server.scopes) : scope => "${var.resource_server.identifier}/${scope}" }

  # An unknown scope is kept as it is, so that no token has it.
  rules = [for rule in local.given : {
    for field, value in merge(rule, {
      scopes = try(
        { all = [for scope in rule.scopes.all : lookup(local.scopes, scope, scope)] },
        [for scope in rule.scopes : lookup(local.scopes, scope, scope)],
        rule.scopes,
      )
    }) : field => value if value != null
  }]
}

output "rules" {
  description = "The rules as the plugin JSON has them, with the scope names that tokens have."
  value       = local.rules

  precondition {
    condition = alltrue([for wrong in values(local.mistakes) : length(wrong) == 0])
    error_message = join("\n", [
      for mistake, wrong in local.mistakes : "rules: ${mistake}. Wrong: ${join(", ", [for value in wrong : jsonencode(value)])}." if length(wrong) > 0
    ])
  }
}
