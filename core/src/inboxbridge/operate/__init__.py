"""What an operator asks and decides, for the command line and the console alike."""
