{ lib, ... }:
let
  # Adds two numbers.
  add = a: b: a + b;
  value = 3;
in {
  options.services.web = {
    # Where it listens.
    port = lib.mkOption { default = 80; };
    render = { x, y }: x;
  };
}
