function net = dlnetwork(lgraph, varargin)
% A stand-in: what it was given.
net = struct('Made', 'dlnetwork', 'From', {lgraph}, 'Options', {varargin});
end
