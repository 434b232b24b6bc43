"""What people look at before they train: `automl inspect`.

Files (`sources`) become a table as the engine of a mode has it (`tables`, quickly by `arrow`), time series (`series`),
texts (`texts`), pairs for text generation (`generation`) or pictures (`pictures`). What was found is said once, as
plain values (`facts`, `findings`), and shown as text (`screen`, `bars`) and as a page (`page`).
"""
