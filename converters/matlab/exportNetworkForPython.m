function exportNetworkForPython(net, X, file)
    %exportNetworkForPython  Save a network and an example so that Python can verify it.
    %   exportNetworkForPython(net, X, FILE) writes to the MAT-file FILE, as plain
    %   structs and arrays:
    %       net            class, layers, connections, names and class labels
    %       X              the input; X1, X2, ... for a network of several inputs
    %       Y              predict(net, X); Y1, Y2, ... for several outputs
    %       activations    a struct with the output of every layer
    %       formats        the labels of inputs that are dlarray
    %       MATLABVersion  the release that computed all this
    %
    %   X is what predict takes: an array or dlarray, a cell array of sequences, or a
    %   cell array {X1, X2, ...} for a network of several inputs. A dlnetwork needs
    %   dlarray with labels.
    %
    %   Example:
    %       exportNetworkForPython(net, X, 'net.mat')
    %
    %   In a terminal:
    %       matlab-compat verify net.mat
    %
    %   See also exportLayerForPython, importFromPython.

    variables.net = networkToStruct(net);
    inputs = {X};
    if iscell(X) && numel(variables.net.InputNames) > 1
        inputs = X;
    end
    outputs = cell(1, max(1, numel(variables.net.OutputNames)));
    [outputs{:}] = predict(net, inputs{:});
    variables = numbered(variables, 'X', inputs);
    variables = numbered(variables, 'Y', outputs);
    variables.activations = activationsOf(net, inputs);
    variables.formats = cellfun(@labelsOf, inputs, 'UniformOutput', false);
    variables.MATLABVersion = version;
    saveForPython(file, variables);
end

function variables = numbered(variables, name, values)
    % One value as X, several as X1, X2, ...
    for i = 1:numel(values)
        key = name;
        if numel(values) > 1
            key = sprintf('%s%d', name, i);
        end
        variables.(key) = plainValue(values{i});
    end
end

function labels = labelsOf(X)
    labels = '';
    if isa(X, 'dlarray')
        labels = dims(X);
    end
end

function found = activationsOf(net, inputs)
    % The (first) output of every layer; a warning names those that MATLAB refuses.
    found = struct();
    for i = 1:numel(net.Layers)
        layer = elementOf(net.Layers, i);
        try
            value = activationOf(net, inputs, layer);
        catch problem
            warning('matlabcompat:activation', ...
                    'No activations of layer ''%s'': %s', layer.Name, problem.message);
            continue
        end
        found.(matlab.lang.makeValidName(layer.Name)) = plainValue(value);
    end
end

function value = activationOf(net, inputs, layer)
    if ~isa(net, 'dlnetwork')
        value = activations(net, inputs{:}, layer.Name);
        return
    end
    output = layer.Name;
    if numel(layer.OutputNames) > 1
        output = [output '/' layer.OutputNames{1}];
    end
    value = predict(net, inputs{:}, 'Outputs', {output});
end
