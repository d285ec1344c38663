%% A box.
-module(box).
-export([open/1]).
-define(LIMIT, 5).
-define(SUM(A, B), (A + B)).
-record(state, {size :: integer()}).
-type colour() :: red | green.
-callback init(term()) -> ok.

%% Opens a box.
-spec open(atom()) -> ok | box:error().
open(red) ->
    "a. ",
    ok;
open(Other) when is_atom(Other) ->
    close(Other).

close(_) -> $..
