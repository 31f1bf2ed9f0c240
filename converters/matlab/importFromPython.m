function model = importFromPython(file)
    %importFromPython  Rebuild a network or layer that matlab-compat converted.
    %   net = importFromPython(FILE) calls the function that 'matlab-compat convert'
    %   (or converters.save) wrote. FILE is the path of its .m file; the .mat file of
    %   the same name, with the weights, must lie beside it.
    %
    %   Example, after: matlab-compat convert trained.pt -o unet.m
    %       net = importFromPython('unet.m')
    %
    %   See also exportNetworkForPython, exportLayerForPython.

    [folder, name] = fileparts(file);
    if isempty(folder)
        folder = pwd;
    end
    for ending = {'.m', '.mat'}
        wanted = fullfile(folder, [name ending{1}]);
        if exist(wanted, 'file') ~= 2
            error('matlabcompat:missing', ...
                  ['There is no %s. Copy both files here that ' ...
                   '''matlab-compat convert ... -o %s.m'' wrote.'], wanted, name);
        end
    end
    here = cd(folder);
    back = onCleanup(@() cd(here));  % whatever happens
    model = feval(name);
end
