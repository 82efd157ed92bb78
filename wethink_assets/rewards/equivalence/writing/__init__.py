"""Writing of texts: characters in one form, spelling and the words of a text in the forms that stand for their variants."""
