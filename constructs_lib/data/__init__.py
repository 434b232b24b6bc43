"""What a job reads and where it writes: channels, local files and buckets, the output location, chosen columns.

Whatever turns a place into a URI of a request belongs here, with the permission that the place asks for.
"""
