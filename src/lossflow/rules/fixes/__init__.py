"""The fixes of the rules: text edits of the analysed file, one module for each kind of them.

A fix that would need a second place that is shared, in another file, or made by a value out of sight is not offered.
"""
