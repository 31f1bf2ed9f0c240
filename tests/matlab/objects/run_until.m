% The value that leaves the layer called name, or the last one.
function X = run_until(layers, name, X)
    for i = 1:numel(layers)
        X = layers{i}.run(X);
        if strcmp(layers{i}.Name, name)
            return
        end
    end
end
