"""MATLAB's text: parsed, and what its dimensions mean. Knows no torch and no layer."""
