function net = assembleNetwork(layers)
% A stand-in: what it was given.
net = struct('Made', 'assembleNetwork', 'From', {layers}, 'Options', {{}});
end
