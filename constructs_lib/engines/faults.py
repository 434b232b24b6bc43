"""What is wrong with a user's data or choices, as opposed to a bug of ours."""


class DataFault(Exception):  # noqa: N818 - a fault of the data, reported to the user as the job's failure reason
    """A job cannot go on; the message is its failure reason, in the user's words."""
