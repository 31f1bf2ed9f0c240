classdef dlarray
    properties
        Data
        Labels
    end
    methods
        function array = dlarray(data, labels)
            array.Data = data;
            array.Labels = labels;
        end
        function data = extractdata(array)
            data = array.Data;
        end
        function labels = dims(array)
            labels = array.Labels;
        end
    end
end
