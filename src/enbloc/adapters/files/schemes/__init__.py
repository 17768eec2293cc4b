"""What the numbers in label files mean: one data table for each program that writes them."""
