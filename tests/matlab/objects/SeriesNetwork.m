classdef SeriesNetwork
    properties
        Layers
        InputNames = {'in'}
        OutputNames = {'out'}
    end
    methods
        function net = SeriesNetwork(layers)
            net.Layers = layers;
        end
        function Y = predict(net, X)
            Y = reshape(activations(net, X, 'out'), 2, []).';
        end
        function Y = activations(net, X, name)
            Y = X;
            for i = 1:numel(net.Layers)
                Y = net.Layers{i}.run(Y);
                if strcmp(net.Layers{i}.Name, name)
                    return
                end
            end
        end
    end
end
