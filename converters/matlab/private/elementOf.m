function layer = elementOf(layers, i)
    %elementOf  The layer i of an array or a cell array of layers.

    if iscell(layers)
        layer = layers{i};
    else
        layer = layers(i);
    end
end
