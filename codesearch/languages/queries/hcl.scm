; Labels are put together to `aws_s3_bucket.logs`, `var.name`, `module.vpc` in code.
(config_file (body (block . (identifier) @name) @type))
