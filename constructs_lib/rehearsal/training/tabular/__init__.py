"""Problems on tables: reading, column types, problem type, candidates, metrics, reports and predictions.

Images and texts become tables of numbers, and series are read as tables, so the other rooms stand on this one.
"""
