classdef customLayer
    properties
        Name = 'mine'
        InputNames = {'in'}
        OutputNames = {'out'}
        Alpha = single([1 2 3])
        Function = @(x) x + 1
        Other = dlarray(single([4 5]), 'CB')
    end
end
