"""For all tests: properties hold whatever the time that a busy machine takes for one example."""

from hypothesis import settings

settings.register_profile("breakwater", deadline=None)
settings.load_profile("breakwater")
