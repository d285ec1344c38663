#!/usr/bin/perl
package My::Cache;
use strict;
use constant MAX => 10;

=head1 NAME

My::Cache - a cache

=cut

=head2 find

Finds it.

=cut

sub find {
    my ($self, $key) = @_;
    my $f = sub { 1 };
    return $self->{$key};
}
# Twice.
# More.
sub twice ($x, $y = 1) { $x * 2 }
sub fwd;
sub proto($$) { 1 }
sub attr : lvalue { 1 }
my $handler = sub { my $x = shift; $x };
*alias = sub { 2 };
my %h = (run => sub { 3 }, stop => \&find);
package Inner { sub go { 1 } }
package Other;
sub My::Full::name { 1 }
has size => (is => 'ro', default => sub { 1 });
subtest 'works' => sub { ok 1 };
BEGIN { print 1 }
class Point { field $x; method move($d) { 1 } }
__END__
sub notcode { }
