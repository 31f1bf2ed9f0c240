% What MATLAB has and GNU Octave lacks, on plain arrays, as far as layers need it most. Each function
% becomes a file of its own. Labels are those of the layer's first input, in given_labels.
function y = dlarray(x, labels)
  global given_labels
  y = x;
  if nargin < 2 || isempty(labels), return; end
  order = [];
  for label = 'SCBTU', order = [order, find(upper(labels) == label)]; end
  given_labels = upper(labels)(order);
  y = permute(x, [order, numel(labels) + 1:ndims(x)]);
end
function y = stripdims(x), y = x; end
function y = extractdata(x), y = x; end
function y = gather(x), y = x; end
function y = gpuArray(x), y = x; end
function y = isdlarray(x)
  y = isnumeric(x);
end
function y = isgpuarray(x)
  y = false;
end
function y = canUseGPU()
  y = false;
end
function y = dims(x)
  global given_labels
  y = given_labels;
end
function y = finddim(x, label)
  global given_labels
  y = find(given_labels == upper(label));
end
function y = underlyingType(x)
  y = class(x);
end
function y = relu(x)
  y = max(x, 0);
end
function y = leakyrelu(x, scale)
  if nargin < 2, scale = 0.01; end
  y = max(x, 0) + scale .* min(x, 0);
end
function y = sigmoid(x)
  y = 1 ./ (1 + exp(-x));
end
function y = softmax(x, varargin)
  global given_labels
  labels = given_labels;
  if numel(varargin) == 2, labels = varargin{2}; end
  at = find(labels == 'C');
  y = exp(x - max(x, [], at));
  y = y ./ sum(y, at);
end
function y = fullyconnect(x, weights, bias, varargin)
  size_x = size(x);
  lead = find(cumprod(size_x) == size(weights, 2), 1);
  flat = weights * reshape(x, size(weights, 2), []);
  y = reshape(flat + bias(:), [size(weights, 1), size_x(lead + 1:end), 1]);
end
function y = pagemtimes(varargin)
  if nargin == 4
    [a, of_a, b, of_b] = varargin{:};
  else
    [a, b] = varargin{:};
    of_a = of_b = 'none';
  end
  if ! strcmp(of_a, 'none'), a = permute(a, [2, 1, 3:ndims(a)]); end
  if ! strcmp(of_b, 'none'), b = permute(b, [2, 1, 3:ndims(b)]); end
  rows = size(a, 1);
  columns = size(b, 2);
  y = 0;
  for k = 1:size(a, 2)
    a_column = reshape(a(:, k, :), [rows, 1, size(a)(3:end)]);
    b_row = reshape(b(k, :, :), [1, columns, size(b)(3:end)]);
    y = y + a_column .* b_row;
  end
end
function y = dlmtimes(a, b)
  y = pagemtimes(a, b);
end
function y = pagetranspose(x)
  y = permute(x, [2, 1, 3:ndims(x)]);
end
function y = clip(x, low, high)
  y = min(max(x, low), high);
end
function y = contains(text, part)
  y = ! isempty(strfind(text, part));
end
function y = sum(x, varargin)
  y = along_each('sum', x, varargin);
end
function y = prod(x, varargin)
  y = along_each('prod', x, varargin);
end
function y = along_each(name, x, given)
  along = dimensions_of(x, given);
  y = x;
  if isempty(along), y = builtin(name, x, given{:}); return; end
  for d = along, y = builtin(name, y, d); end
end
function y = mean(x, varargin)
  [along, count] = counted_along(x, varargin);
  y = sum(x, along) ./ count;
end
function y = var(x, weight, varargin)
  if nargin < 2 || isempty(weight), weight = 0; end
  [along, count] = counted_along(x, varargin);
  y = sum(abs(x - mean(x, along)) .^ 2, along) ./ max(count - (weight == 0), 1);
end
function y = std(varargin)
  y = sqrt(var(varargin{:}));
end
function varargout = max(x, varargin)
  [varargout{1:max_outputs(nargout)}] = extreme('max', x, varargin{:});
end
function varargout = min(x, varargin)
  [varargout{1:max_outputs(nargout)}] = extreme('min', x, varargin{:});
end
function n = max_outputs(n)
  if n == 0, n = 1; end
end
function varargout = extreme(name, x, varargin)
  n = max_outputs(nargout);
  if numel(varargin) < 2 || n > 1
    [varargout{1:n}] = builtin(name, x, varargin{:});
    return
  end
  along = dimensions_of(x, varargin(2));
  if isempty(along), along = varargin{2}; end
  for d = along, x = builtin(name, x, [], d); end
  varargout{1} = x;
end
function [along, count] = counted_along(x, given)
  along = dimensions_of(x, given);
  if isempty(along), along = find([size(x), 2] != 1, 1); end
  count = 1;
  for d = along, count = count * size(x, d); end
end
function along = dimensions_of(x, given)
  along = [];
  if isempty(given), return; end
  if ischar(given{1})
    if strcmp(given{1}, 'all'), along = 1:ndims(x); end
  else
    along = reshape(given{1}, 1, []);
  end
end
