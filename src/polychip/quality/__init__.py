"""Quality: is a dataset what it says, are labels sound, do annotators agree."""
