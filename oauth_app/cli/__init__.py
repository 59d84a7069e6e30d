"""The commands of `python3 app.py`: each reads its arguments, calls the domain, and phrases the answer."""
