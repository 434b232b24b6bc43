"""What a rehearsal has shown, as a file: the facts as JSON, and a page of HTML made from those facts alone."""
