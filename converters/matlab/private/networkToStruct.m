function s = networkToStruct(net)
    %networkToStruct  A network as a scalar struct of plain values.

    s.Class = class(net);
    s.Layers = cell(numel(net.Layers), 1);
    s.Classes = {};
    for i = 1:numel(net.Layers)
        layer = elementOf(net.Layers, i);
        s.Layers{i} = layerToStruct(layer);
        if isfield(s.Layers{i}, 'Classes') && iscell(s.Layers{i}.Classes)
            s.Classes = s.Layers{i}.Classes;
        end
    end
    s.Connections = connectionsOf(net, s.Layers);
    s.InputNames = namesOf(net, 'InputNames', s.Layers{1}.Name);
    s.OutputNames = namesOf(net, 'OutputNames', s.Layers{end}.Name);
end

function connections = connectionsOf(net, layers)
    % A SeriesNetwork has no table of connections: its layers follow each other.
    if any(strcmp('Connections', properties(net)))
        connections.Source = net.Connections.Source;
        connections.Destination = net.Connections.Destination;
        return
    end
    names = cellfun(@(layer) layer.Name, layers, 'UniformOutput', false);
    connections.Source = names(1:end - 1);
    connections.Destination = names(2:end);
end

function names = namesOf(net, property, only)
    % Before R2020a a SeriesNetwork does not name its input and output.
    names = {only};
    if any(strcmp(property, properties(net)))
        names = net.(property);
    end
end
