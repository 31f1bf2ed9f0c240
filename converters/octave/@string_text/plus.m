% MATLAB's "fc" + 1: the texts of both, one after the other.
function y = plus(a, b)
  y = [shown(a), shown(b)];
end
function y = shown(x)
  if isa(x, 'string_text')
    y = x.text;
  elseif ischar(x)
    y = x;
  else
    y = num2str(x, 5);
  end
end
