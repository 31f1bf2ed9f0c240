function value = plainValue(value)
    %plainValue  A value made of arrays, text, cells and structs alone.

    if isa(value, 'dlarray')
        value = extractdata(value);
    end
    if isa(value, 'gpuArray')
        value = gather(value);
    end
    if isa(value, 'function_handle')
        value = plainFunction(value);
    elseif isa(value, 'categorical') || isa(value, 'string')
        value = plainText(value);
    elseif iscell(value)
        value = cellfun(@plainValue, value, 'UniformOutput', false);
    elseif isstruct(value) && isscalar(value)
        value = structfun(@plainValue, value, 'UniformOutput', false);
    elseif isa(value, 'dlnetwork')
        value = networkToStruct(value);
    elseif isobject(value)
        value = sprintf('<%s>', class(value));  % nothing that Python could use
    end
end

function value = plainText(value)
    scalar = isa(value, 'string') && isscalar(value);
    value = cellstr(value);
    if scalar
        value = value{1};
    end
end

function value = plainFunction(value)
    % The text of a function; with the variables that it captured, if it did.
    about = functions(value);
    value = func2str(value);
    captured = struct();
    if isfield(about, 'workspace') && ~isempty(about.workspace)
        captured = about.workspace{1};
    end
    if ~isempty(fieldnames(captured))
        value = struct('Function', value, 'Variables', captured);
    end
end
