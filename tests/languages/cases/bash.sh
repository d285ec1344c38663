#!/usr/bin/env bash
# Greets people.

# Says hello.
#
# $1: whom
hello() { echo "hi $1"; }

function bye {
  inner() { :; }
  echo bye
}

function both() {
  cat <<EOF
not_a_function() {
EOF
}

sub-shell () ( cd /; )
ns::name() { :; }

@test "adds numbers" {
  [ 2 -eq 2 ]
}
