"""Runs one development server: `python app.py`. Servers take `app:create_app()`, and `import app` is always the package."""

from app import create_app

if __name__ == "__main__":
    create_app().run()
