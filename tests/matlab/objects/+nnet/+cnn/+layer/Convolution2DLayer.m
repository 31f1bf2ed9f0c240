classdef Convolution2DLayer
    properties
        Name = 'conv 1'
        OutputNames = {'out'}
        FilterSize = [2 3]
        NumChannels = 2
        NumFilters = 3
        Stride = [1 1]
        DilationFactor = [1 1]
        PaddingMode = 'manual'
        PaddingSize = [0 0 0 0]
        Weights = reshape(single(sin(1:36)), 2, 3, 2, 3)
        Bias = reshape(single([0.5 -0.25 0]), 1, 1, 3)
    end
    methods
        function Y = run(layer, X)
            Y = zeros(3, 3, 3, size(X, 4), 'single');
            for f = 1:3
                for i = 1:3
                    for j = 1:3
                        seen = X(i:i + 1, j:j + 2, :, :) .* layer.Weights(:, :, :, f);
                        Y(i, j, f, :) = sum(sum(sum(seen, 1), 2), 3) + layer.Bias(f);
                    end
                end
            end
        end
    end
end
