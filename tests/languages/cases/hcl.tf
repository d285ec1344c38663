# Logs.
resource "aws_s3_bucket" "logs" {
  bucket = "x"
  lifecycle { prevent_destroy = true }
}
variable "name" {
  type = string
  description = "The name"
}
module "vpc" { source = "./vpc" }
locals { x = 1 }
output "o" { value = 1 }
data "aws_ami" "a" {}
provider "aws" {}
terraform { required_version = ">1" }
x = 1
