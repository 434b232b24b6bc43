"""`automl verify`: what this library assumes of AWS, held against an account by somebody who has one."""
