function saveForPython(file, variables)
    %saveForPython  Save the fields of a struct as variables: -v7, or -v7.3 above 2 GB.

    form = '-v7';
    names = fieldnames(variables);
    for i = 1:numel(names)
        value = variables.(names{i});
        about = whos('value');
        if about.bytes >= 2^31
            form = '-v7.3';
        end
    end
    save(file, '-struct', 'variables', form);
end
