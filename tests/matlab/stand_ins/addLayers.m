function lgraph = addLayers(lgraph, layers)
% A stand-in: as MATLAB's, connects the added layers one after the other.
lgraph.Layers = [lgraph.Layers; layers];
for i = 2:numel(layers)
    ends = {name_of(layers(i - 1)), name_of(layers(i))};
    lgraph.Connections = [lgraph.Connections; ends];
end
end

function name = name_of(layer)
at = find(strcmp(layer.Arguments, 'Name'), 1, 'last');
name = layer.Arguments{at + 1};
end
