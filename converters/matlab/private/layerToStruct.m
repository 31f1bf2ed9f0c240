function s = layerToStruct(layer)
    %layerToStruct  The properties of a layer as a scalar struct, with its class.

    s.Class = class(layer);
    names = properties(layer);
    for i = 1:numel(names)
        s.(names{i}) = plainValue(layer.(names{i}));
    end
end
