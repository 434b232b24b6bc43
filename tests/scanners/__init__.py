"""What reads templates from outside: checkov, Guard with two sets of rules, cloudsplaining."""
