function exportLayerForPython(layer, file)
    %exportLayerForPython  Save one layer so that matlab-compat reads it in Python.
    %   exportLayerForPython(layer, FILE) writes the properties of LAYER, those of
    %   custom layers included, as the plain struct 'layer' to the MAT-file FILE.
    %
    %   Example:
    %       exportLayerForPython(net.Layers(2), 'layer.mat')
    %
    %   In Python:
    %       layer = converters.load("layer.mat")
    %
    %   See also exportNetworkForPython, importFromPython.

    variables.layer = layerToStruct(layer);
    variables.MATLABVersion = version;
    saveForPython(file, variables);
end
