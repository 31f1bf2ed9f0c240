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
            Y = run_until(net.Layers, name, X);
        end
    end
end
