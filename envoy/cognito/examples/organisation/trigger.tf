# The function that Cognito calls before it signs a user's tokens.
#
# Create the package with `zip -X trigger.zip trigger.py`. So the archive provider is not needed.

locals {
  trigger = "acme-pre-token-generation"
  package = "${path.module}/trigger.zip"
}

resource "aws_lambda_function" "trigger" {
  function_name    = local.trigger
  role             = aws_iam_role.trigger.arn
  runtime          = "python3.13"
  handler          = "trigger.handler"
  filename         = local.package
  source_code_hash = filebase64sha256(local.package)

  # Cognito waits five seconds at most.
  timeout = 5

  depends_on = [aws_cloudwatch_log_group.trigger]
}

resource "aws_lambda_permission" "cognito" {
  statement_id  = "cognito"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.trigger.function_name
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = module.cognito.user_pool_arn
}

resource "aws_cloudwatch_log_group" "trigger" {
  name              = "/aws/lambda/${local.trigger}"
  retention_in_days = 30
}

resource "aws_iam_role" "trigger" {
  name = local.trigger
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "logs" {
  name = "logs"
  role = aws_iam_role.trigger.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.trigger.arn}:*"
    }]
  })
}
