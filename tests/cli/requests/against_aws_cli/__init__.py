"""Our reading of words beside that of the real AWS CLI, outside of CI."""
