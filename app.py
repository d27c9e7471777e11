"""Runs one development server: `python app.py`. Servers take `app:create_app()`, and `import app` is always the package."""

from app import create_app
from app.services import workers

if __name__ == "__main__":
    house = create_app()
    workers.start_once(house)
    house.run()
