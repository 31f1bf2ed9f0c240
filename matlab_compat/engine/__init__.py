"""Torch modules and functions for what MATLAB's layers compute. Importing it imports torch."""
