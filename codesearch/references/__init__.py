"""Who calls what, what implements what, what tests what, what a change reaches: resolved from the index.

The extraction stores each reference by name and receiver; `resolver` decides within the index what it means, with a
confidence, when it is asked for.
"""
