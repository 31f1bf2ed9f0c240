classdef FunctionLayer
    properties
        Name = 'scaled'
        InputNames = {'in'}
        OutputNames = {'out'}
        PredictFcn = []
        Formattable = false
        Acceleratable = false
    end
    methods
        function Y = run(layer, X)
            Y = layer.PredictFcn(X);
        end
    end
end
