"""What holds for the house as a whole: its floors, its pictures, its doors."""
