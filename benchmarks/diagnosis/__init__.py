"""How often a mistake that somebody else made is named first."""
