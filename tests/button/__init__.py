"""The sign-in button, in a real browser, on a site of another origin."""
