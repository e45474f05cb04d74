# Which request needs what: the rules as they are given, what is wrong with them, and as the plugin JSON has them.

variable "rules" {
  description = "The rules of the plugin JSON, with every field that they have there. `scopes` are names of the resource server's, and `groups` those of `groups`."
  # From an object type Terraform drops what is not in it, without a word: `group` for `groups`, and everybody is let in.
  type = any

  validation {
    condition     = can([for rule in var.rules : keys(rule)])
    error_message = "rules: a list of objects, such as [{ route = \"GET /items\", scopes = [\"read\"] }]."
  }
}

locals {
  fields = ["route", "name", "hosts", "access", "providers", "scopes", "groups", "require", "mode"]
  given  = [for rule in var.rules : merge({ for field in local.fields : field => null }, rule)]
  places = [for rule in local.given : jsonencode([rule.route, rule.hosts])]

  # Any of a list, or all of it.
  names = [for rule in local.given : {
    for field in ["scopes", "groups"] : field => try([for name in try(rule[field].all, rule[field]) : tostring(name)], [])
  }]

  # What is wrong, and where. In validations of the variable each of these would stand twice, for they know no locals.
  mistakes = {
    "a rule has ${join(", ", local.fields)}, and nothing else" = setsubtract(flatten([for rule in local.given : keys(rule)]), local.fields)

    "a route is \"METHOD /path\", \"ANY /path\" or \"$default\"" = [
      for rule in local.given : rule.route if !can(regex("^([A-Z]+ /\\S*|\\$default)$", rule.route))
    ]
    "there is more than one for a route and the same hosts" = distinct([
      for index, rule in local.given : rule.route if length([for place in local.places : place if place == local.places[index]]) > 1
    ])
    "hosts and providers are lists of text" = [
      for rule in local.given : rule.route
      if anytrue([for list in [rule.hosts, rule.providers] : list != null && !try(alltrue([for text in list : !can(keys(list)) && startswith(jsonencode(text), "\"")]), false)])
    ]
    "access is public, optional, authenticated or deny" = [
      for rule in local.given : rule.route
      if rule.access != null && !try(contains(["public", "optional", "authenticated", "deny"], rule.access), false)
    ]
    "mode is enforce or dry_run" = [
      for rule in local.given : rule.route if rule.mode != null && !try(contains(["enforce", "dry_run"], rule.mode), false)
    ]
    "where access is public or deny no token is looked at, so providers, scopes, groups and require mean nothing" = [
      for rule in local.given : rule.route
      if try(contains(["public", "deny"], rule.access), false) && anytrue([for field in ["providers", "scopes", "groups", "require"] : rule[field] != null])
    ]
    "scopes and groups are lists, of which any will do, or { all = [...] }; to ask for none, leave them out" = [
      for index, rule in local.given : rule.route
      if anytrue([for field, names in local.names[index] : rule[field] != null && (length(names) == 0 || join("", try(keys(rule[field]), ["all"])) != "all")])
    ]
    "scopes must be among resource_server.scopes" = setsubtract(flatten(local.names[*].scopes), keys(var.resource_server.scopes))
    "groups must be among groups"                 = setsubtract(flatten(local.names[*].groups), keys(var.groups))
    "require is an object, such as { claim = \"sub\", equals_path = \"id\" }" = [
      for rule in local.given : rule.route if rule.require != null && !can(keys(rule.require))
    ]
  }

  # From the name in the resource server to the name in tokens.
  scopes = { for scope in keys(var.resource_server.scopes) : scope => "${var.resource_server.identifier}/${scope}" }

  # A name that nobody knows stays as it is, so that nobody has it.
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
  description = "The rules as the plugin JSON has them, with scopes by the names in tokens."
  value       = local.rules

  precondition {
    condition = alltrue([for places in values(local.mistakes) : length(places) == 0])
    error_message = join("\n", [
      for mistake, places in local.mistakes : "rules: ${mistake}. Wrong: ${join(", ", [for place in places : jsonencode(place)])}." if length(places) > 0
    ])
  }
}
