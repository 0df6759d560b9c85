"""Agreement of annotators, or of labels and predictions, pixel by pixel and object by object."""
