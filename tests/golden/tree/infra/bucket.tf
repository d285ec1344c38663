# Where the backups go.
resource "aws_s3_bucket" "backups" {
  bucket = "larder-backups"
}

resource "aws_s3_bucket_lifecycle_configuration" "expire_old_backups" {
  bucket = aws_s3_bucket.backups.id
  rule {
    id     = "expire"
    status = "Enabled"
    expiration {
      days = 90
    }
  }
}

variable "region" {
  type    = string
  default = "eu-central-1"
}
