function layer = record_layer(constructor, arguments)
% A stand-in for a layer: which constructor was called, and with what.
for i = 1:numel(arguments)
    if is_function_handle(arguments{i})
        arguments{i} = func2str(arguments{i});
    end
end
layer = struct('Function', constructor, 'Arguments', {arguments});
end
