% MATLAB's functions of deep learning arrays, written out from the definitions on their pages, on plain
% arrays: slow, plain, and by nobody who read our own. Each function becomes a file of its own. Labels
% are those of DataFormat, else given_labels: of the layer's first input, or of the last dlarray.
function value = option(given, name, default)
  value = default;
  for at = 1:numel(given) - 1
    if ischar(given{at}) && strcmpi(given{at}, name), value = given{at + 1}; end
  end
end
function [y, form] = arranged(x, given, over)
  % The space in three dimensions, the channels, and all others in one.
  global given_labels
  labels = upper(option(given, 'DataFormat', given_labels));
  space = find(ismember(labels, over));
  channel = find(labels == 'C');
  other = setdiff(1:numel(labels), [space, channel]);
  sizes = ones(1, numel(labels));
  sizes(1:ndims(x)) = size(x);
  form.order = [space, channel, other];
  form.space = numel(space);
  form.others = sizes(other);
  lengths = [sizes(space), ones(1, 3 - form.space)];
  order = [form.order, numel(labels) + 1:2];
  y = reshape(permute(x, order), [lengths, sizes(channel), prod(form.others)]);
end
function y = restored(y, form)
  sizes = [size(y), ones(1, 5 - ndims(y))];
  y = reshape(y, [sizes(1:form.space), sizes(4), form.others, 1, 1]);
  y = ipermute(y, [form.order, numel(form.order) + 1:2]);
end
function over = convolved(given, name)
  over = 'S';
  if any(upper(option(given, name, '')) == 'T'), over = 'ST'; end
end
function n = each_side(n, form)
  if isscalar(n), n = repmat(n, 1, form.space); end
  n = [n, ones(1, 3 - form.space)];
end
function pad = padding(p, x, lengths, step, form)
  in = size(x)(1:3);
  if ischar(p) && strcmp(p, 'same')
    total = max((ceil(in ./ step) - 1) .* step + lengths - in, 0);
    pad = [floor(total / 2); ceil(total / 2)];
  elseif ischar(p)
    pad = [lengths - 1; 0, 0, 0];
  else
    if isscalar(p), p = repmat(p, 2, form.space); end
    if size(p, 1) == 1, p = [p; p]; end
    pad = [p, zeros(2, 3 - form.space)];
  end
end
function y = padded(x, pad, value)
  sizes = [size(x), ones(1, 5 - ndims(x))];
  y = repmat(value, [sizes(1:3) + sum(pad, 1), sizes(4:5)]);
  y(pad(1, 1) + (1:sizes(1)), pad(1, 2) + (1:sizes(2)), pad(1, 3) + (1:sizes(3)), :, :) = x;
end
function taps = all_taps(lengths)
  [a, b, c] = ndgrid(1:lengths(1), 1:lengths(2), 1:lengths(3));
  taps = [a(:), b(:), c(:)]';
end
function at = places(tap, step, dilation, count)
  for d = 1:3, at{d} = 1 + (tap(d) - 1) * dilation(d) + (0:count(d) - 1) * step(d); end
end
function [x, form, weights, step, dilation] = convolution(x, weights, options)
  [x, form] = arranged(x, options, convolved(options, 'WeightsFormat'));
  sizes = [size(weights), 1, 1, 1];
  lengths = [sizes(1:form.space), ones(1, 3 - form.space)];
  weights = reshape(weights, [lengths, sizes(form.space + (1:3))]);
  step = each_side(option(options, 'Stride', 1), form);
  dilation = each_side(option(options, 'DilationFactor', 1), form);
end
function y = dlconv(x, weights, bias, varargin)
  [x, form, weights, step, dilation] = convolution(x, weights, varargin);
  lengths = [size(weights), 1](1:3);
  [channels, filters, groups] = num2cell([size(weights), 1, 1, 1](4:6)){:};
  reach = (lengths - 1) .* dilation + 1;
  pad = padding(option(varargin, 'Padding', 0), x, reach, step, form);
  x = padded(x, pad, option(varargin, 'PaddingValue', 0));
  count = floor((size(x)(1:3) - reach) ./ step) + 1;
  y = zeros([count, filters * groups, size(x, 5)]);
  for group = 1:groups
    from = (group - 1) * channels + (1:channels);
    to = (group - 1) * filters + (1:filters);
    for tap = all_taps(lengths)
      at = places(tap, step, dilation, count);
      part = reshape(permute(x(at{:}, from, :), [1, 2, 3, 5, 4]), [], channels);
      part = part * reshape(weights(tap(1), tap(2), tap(3), :, :, group), channels, filters);
      y(:, :, :, to, :) += permute(reshape(part, [count, size(x, 5), filters]), [1, 2, 3, 5, 4]);
    end
  end
  y = restored(y + reshape(bias, 1, 1, 1, []), form);
end
function y = dltranspconv(x, weights, bias, varargin)
  [x, form, weights, step, dilation] = convolution(x, weights, varargin);
  lengths = [size(weights), 1](1:3);
  [filters, channels, groups] = num2cell([size(weights), 1, 1, 1](4:6)){:};
  in = [size(x), 1, 1](1:3);
  whole = (in - 1) .* step + (lengths - 1) .* dilation + 1;
  crop = option(varargin, 'Cropping', 0);
  if ischar(crop)
    total = whole - in .* step;
    crop = [floor(total / 2); ceil(total / 2)];
  else
    crop = padding(crop, x, lengths, step, form);
  end
  y = zeros([whole + max(-crop(2, :), 0), filters * groups, size(x, 5)]);
  for group = 1:groups
    from = (group - 1) * channels + (1:channels);
    to = (group - 1) * filters + (1:filters);
    given = reshape(permute(x(:, :, :, from, :), [1, 2, 3, 5, 4]), [], channels);
    for tap = all_taps(lengths)
      at = places(tap, step, dilation, in);
      part = given * reshape(weights(tap(1), tap(2), tap(3), :, :, group), filters, channels).';
      part = permute(reshape(part, [in, size(x, 5), filters]), [1, 2, 3, 5, 4]);
      y(at{:}, to, :) += part;
    end
  end
  for d = 1:3, kept{d} = 1 + crop(1, d):whole(d) - crop(2, d); end
  y = restored(y(kept{:}, :, :) + reshape(bias, 1, 1, 1, []), form);
end
function y = pooled(x, pool, given, is_max)
  [x, form] = arranged(x, given, convolved(given, 'PoolFormat'));
  lengths = [size(x), 1, 1](1:3);
  if ! ischar(pool), lengths = each_side(pool, form); end
  step = each_side(option(given, 'Stride', 1), form);
  pad = padding(option(given, 'Padding', 0), x, lengths, step, form);
  counted = padded(ones(size(x)), pad, ! strcmp(option(given, 'PaddingValue', 0), 'mean'));
  x = padded(x, pad, either(is_max, -Inf, 0));
  count = floor(([size(x), 1, 1](1:3) - lengths) ./ step) + 1;
  y = either(is_max, -Inf, 0);
  n = 0;
  for tap = all_taps(lengths)
    at = places(tap, step, [1, 1, 1], count);
    n = n + counted(at{:}, :, :);
    if is_max, y = max(y, x(at{:}, :, :)); else, y = y + x(at{:}, :, :); end
  end
  if ! is_max, y = y ./ n; end
  y = restored(y, form);
end
function y = either(is_so, one, other)
  if is_so, y = one; else, y = other; end
end
function y = maxpool(x, pool, varargin)
  y = pooled(x, pool, varargin, true);
end
function y = avgpool(x, pool, varargin)
  y = pooled(x, pool, varargin, false);
end
function [y, mu, v] = batchnorm(x, offset, scale, varargin)
  [x, form] = arranged(x, varargin, 'S');
  mu = mean(x, [1, 2, 3, 5]);
  v = var(x, 1, [1, 2, 3, 5]);
  if numel(varargin) > 1 && isnumeric(varargin{1})
    [mu, v] = deal(reshape(varargin{1}, 1, 1, 1, []), reshape(varargin{2}, 1, 1, 1, []));
  end
  y = (x - mu) ./ sqrt(v + option(varargin, 'Epsilon', 1e-5));
  y = restored(y .* reshape(scale, 1, 1, 1, []) + reshape(offset, 1, 1, 1, []), form);
  [mu, v] = deal(mu(:), v(:));
end
function y = groupnorm(x, groups, offset, scale, varargin)
  if ! strcmp(option(varargin, 'OperationDimension', 'auto'), 'auto')
    error('OperationDimension is not written here');
  end
  [x, form] = arranged(x, varargin, 'S');
  sizes = [size(x), 1](1:5);
  if strcmp(groups, 'all-channels'), groups = 1; end
  if strcmp(groups, 'channel-wise'), groups = sizes(4); end
  x = reshape(x, [sizes(1:3), sizes(4) / groups, groups, sizes(5)]);
  x = (x - mean(x, 1:4)) ./ sqrt(var(x, 1, 1:4) + option(varargin, 'Epsilon', 1e-5));
  x = reshape(x, sizes) .* reshape(scale, 1, 1, 1, []) + reshape(offset, 1, 1, 1, []);
  y = restored(x, form);
end
function y = layernorm(x, offset, scale, varargin)
  y = groupnorm(x, 1, offset, scale, varargin{:});
end
function y = instancenorm(x, offset, scale, varargin)
  y = groupnorm(x, 'channel-wise', offset, scale, varargin{:});
end
function [x, order] = in_time(x, given)
  global given_labels
  labels = upper(option(given, 'DataFormat', given_labels));
  order = [find(labels == 'C'), find(labels == 'B'), find(labels == 'T')];
  x = permute(x, order);
end
function [y, h, c] = lstm(x, h, c, weights, recurrent, bias, varargin)
  [x, order] = in_time(x, varargin);
  units = size(recurrent, 2);
  for t = 1:size(x, 3)
    z = weights * x(:, :, t) + recurrent * h + bias(:);
    gate = @(at) 1 ./ (1 + exp(-z((at - 1) * units + (1:units), :)));
    c = gate(2) .* c + gate(1) .* tanh(z(2 * units + (1:units), :));
    h = gate(4) .* tanh(c);
    y(:, :, t) = h;
  end
  y = ipermute(y, order);
end
function [y, h] = gru(x, h, weights, recurrent, bias, varargin)
  [x, order] = in_time(x, varargin);
  units = size(recurrent, 2);
  mode = option(varargin, 'ResetGateMode', 'after-multiplication');
  bias = [bias(:); zeros(6 * units - numel(bias), 1)];
  last = 2 * units + (1:units);
  for t = 1:size(x, 3)
    z = weights * x(:, :, t) + bias(1:3 * units);
    k = recurrent * h + bias(3 * units + (1:3 * units));
    reset = 1 ./ (1 + exp(-z(1:units, :) - k(1:units, :)));
    update = 1 ./ (1 + exp(-z(units + (1:units), :) - k(units + (1:units), :)));
    from = reset .* k(last, :);
    if strcmp(mode, 'before-multiplication'), from = recurrent(last, :) * (reset .* h); end
    h = (1 - update) .* tanh(z(last, :) + from) + update .* h;
    y(:, :, t) = h;
  end
  y = ipermute(y, order);
end
function y = embed(x, weights, varargin)
  global given_labels
  labels = upper(option(varargin, 'DataFormat', given_labels));
  sizes = [size(x), 1];
  if labels(1) == 'C', sizes = sizes(2:end); end
  y = reshape(weights(:, x(:)), [size(weights, 1), sizes]);
end
function y = gelu(x, varargin)
  y = x / 2 .* (1 + erf(x / sqrt(2)));
  if strcmp(option(varargin, 'Approximation', 'none'), 'tanh')
    y = x / 2 .* (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x .^ 3)));
  end
end
