"""The figures: each turns evidence into panels, a caption made from numbers, and the rows of its CSV."""
