"""Commands about dataset versions: import, cut, verification, export, push, growth."""
