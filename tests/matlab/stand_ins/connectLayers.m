function lgraph = connectLayers(lgraph, source, destination)
% A stand-in: one more row of connections.
lgraph.Connections = [lgraph.Connections; {source, destination}];
end
