classdef SoftmaxLayer
    properties
        Name = 'softmax'
        OutputNames = {'out'}
    end
    methods
        function Y = run(layer, X)
            Y = exp(X) ./ sum(exp(X), 3);
        end
    end
end
