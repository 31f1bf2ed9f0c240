classdef ImageInputLayer
    properties
        Name = 'in'
        OutputNames = {'out'}
        InputSize = [4 5 2]
        Normalization = 'zerocenter'
        NormalizationDimension = 'auto'
        Mean = single(cat(3, 0.25, -0.5))
    end
    methods
        function Y = run(layer, X)
            Y = X - layer.Mean;
        end
    end
end
