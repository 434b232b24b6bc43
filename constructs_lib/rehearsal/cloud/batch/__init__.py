"""Batch transform jobs: objects are read, cut into records, predicted and put together again."""
