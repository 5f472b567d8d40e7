"""Data sets as uint8 arrays, augmentation and batches."""
