classdef ReLULayer
    properties
        Name = 'relu'
        OutputNames = {'out'}
    end
    methods
        function Y = run(layer, X)
            Y = max(X, 0);
        end
    end
end
