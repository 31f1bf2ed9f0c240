classdef ClassificationOutputLayer
    properties
        Name = 'out'
        OutputNames = {}
        Classes = {'cat'; 'dog'}
        ClassWeights = 'none'
        OutputSize = 2
        LossFunction = 'crossentropyex'
    end
    methods
        function Y = run(layer, X)
            Y = X;
        end
    end
end
