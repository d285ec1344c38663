function [x, res] = solve(A, b)
% SOLVE Solve a linear system.
  x = A \ b;
  if x(end)
    res = 'end';
  end
end

% Adds one.
function y = next(x)
  y = x';
end
