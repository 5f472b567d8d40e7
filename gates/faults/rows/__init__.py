"""One module per fault; a file here is a row of the gate's table."""
