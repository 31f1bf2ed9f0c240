% A text in double quotes that something is added to, which Octave would take for numbers.
function s = string_text(text)
  s = class(struct('text', text), 'string_text');
end
