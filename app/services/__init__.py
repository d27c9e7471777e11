"""WHAT WE DO: rules and verbs. No request, no HTML, no Flask-AppBuilder."""
