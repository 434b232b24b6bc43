"""Text classification, and the refusal to fine-tune language models here."""
