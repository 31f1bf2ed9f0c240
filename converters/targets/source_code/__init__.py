"""A torch module written out as Python source that needs torch alone.

``parts`` says how each layer is written, ``network`` writes the class, ``bundle`` copies the
classes and functions that torch lacks out of the engine, and ``texts`` has the files beside it.
"""
