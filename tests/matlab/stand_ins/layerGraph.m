function lgraph = layerGraph()
% A stand-in: layers in order, connections as an n-by-2 cell.
lgraph = struct('Layers', [], 'Connections', {cell(0, 2)});
end
