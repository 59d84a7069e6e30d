"""Stories that cross domains: each is what one person wanted, from wish to receipt."""
