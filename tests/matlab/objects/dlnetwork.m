classdef dlnetwork
    properties
        Layers
        Connections
        InputNames = {'in'}
        OutputNames
    end
    methods
        function net = dlnetwork(layers)
            names = cellfun(@(layer) layer.Name, layers(:), 'UniformOutput', false);
            net.Layers = layers;
            net.Connections = struct('Source', {names(1:end - 1)}, 'Destination', {names(2:end)});
            net.OutputNames = names(end);
        end
        function Y = predict(net, X, varargin)
            wanted = net.OutputNames{1};
            if ~isempty(varargin)
                wanted = varargin{2}{1};
            end
            Y = run_until(net.Layers, wanted, extractdata(X));
            labels = 'SSCB';
            if size(Y, 1) == 1
                Y = reshape(Y, size(Y, 3), []);
                labels = 'CB';
            end
            Y = dlarray(Y, labels);
        end
    end
end
