"""Configuration of one experiment. Pure data: importing it loads neither torch nor ray."""
